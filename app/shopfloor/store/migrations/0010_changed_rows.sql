-- How many stored rows a version, and each of its files, gave other values.
ALTER TABLE dataset_versions ADD COLUMN changed_rows BIGINT DEFAULT 0;
ALTER TABLE datasets ADD COLUMN changed_rows BIGINT DEFAULT 0;
ALTER TABLE files ADD COLUMN changed_rows BIGINT DEFAULT 0;
