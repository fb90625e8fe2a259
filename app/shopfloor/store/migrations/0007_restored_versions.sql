-- Which earlier version a rollback brought back; its cause said so in words before. A new table, because a column
-- added in a transaction cannot be filled in it.
CREATE TABLE versions_with_restored (
    dataset VARCHAR NOT NULL, version INTEGER NOT NULL, digest VARCHAR NOT NULL, rows BIGINT NOT NULL, added_rows BIGINT NOT NULL,
    columns JSON NOT NULL, files JSON NOT NULL, cause VARCHAR NOT NULL, notices JSON NOT NULL, created_at TIMESTAMP NOT NULL,
    contract_revision INTEGER, restored INTEGER,
    PRIMARY KEY (dataset, version)
);
INSERT INTO versions_with_restored
SELECT dataset, version, digest, rows, added_rows, columns, files, cause, notices, created_at, contract_revision,
       TRY_CAST(regexp_extract(cause, '^rollback to [a-z0-9][a-z0-9_.-]*@([0-9]+) by ', 1) AS INTEGER)
FROM dataset_versions;
DROP TABLE dataset_versions;
ALTER TABLE versions_with_restored RENAME TO dataset_versions;
