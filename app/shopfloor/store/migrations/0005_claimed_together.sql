-- Where in the file at `staged` a claimed copy begins, when many small ones lie in it together.
ALTER TABLE files ADD COLUMN staged_offset BIGINT;
