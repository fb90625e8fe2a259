-- Of how many predictions the live score may still hear the truth: so many are known, of so many.
ALTER TABLE models ADD COLUMN live_known BIGINT DEFAULT 0;
ALTER TABLE models ADD COLUMN live_of BIGINT DEFAULT 0;
