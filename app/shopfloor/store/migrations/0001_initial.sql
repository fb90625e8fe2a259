-- No foreign keys and no secondary indexes: DuckDB cannot update indexed columns of referenced rows,
-- and secondary indexes on mutable columns have been a source of corruption. Times are UTC without zone.

CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE counters (kind VARCHAR PRIMARY KEY, last BIGINT NOT NULL);

-- Every mutation that was asked for from outside, with its answer: asked twice, it is done once.
CREATE TABLE operations (op_id VARCHAR PRIMARY KEY, verb VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL, answer VARCHAR NOT NULL);

CREATE TABLE events (
    seq BIGINT PRIMARY KEY, happened_at TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, subject VARCHAR NOT NULL,
    actor VARCHAR NOT NULL, message VARCHAR NOT NULL, data JSON NOT NULL
);

CREATE TABLE files (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, purpose VARCHAR NOT NULL, dataset VARCHAR NOT NULL, path VARCHAR NOT NULL,
    raw_path BLOB NOT NULL, dev BIGINT, ino BIGINT, size BIGINT NOT NULL, mtime_ns BIGINT, ctime_ns BIGINT,
    sha256 VARCHAR, rows BIGINT, rejected_rows BIGINT NOT NULL, state VARCHAR NOT NULL, reason JSON,
    version INTEGER, duplicate_of VARCHAR, corrects VARCHAR, seen_count INTEGER NOT NULL, staged VARCHAR,
    seen_at TIMESTAMP NOT NULL, committed_at TIMESTAMP
);

-- The first wrong rows of each file; files.rejected_rows counts all of them.
CREATE TABLE rejects (
    file VARCHAR NOT NULL, ordinal INTEGER NOT NULL, code VARCHAR NOT NULL, message VARCHAR NOT NULL, line BIGINT,
    row_number BIGINT, column_name VARCHAR, value VARCHAR, record VARCHAR NOT NULL, PRIMARY KEY (file, ordinal)
);

CREATE TABLE datasets (
    name VARCHAR PRIMARY KEY, mode VARCHAR NOT NULL, version INTEGER NOT NULL, rows BIGINT NOT NULL, columns INTEGER NOT NULL,
    parts INTEGER NOT NULL, bytes BIGINT NOT NULL, added_rows BIGINT NOT NULL, updated_at TIMESTAMP
);
CREATE TABLE dataset_versions (
    dataset VARCHAR NOT NULL, version INTEGER NOT NULL, digest VARCHAR NOT NULL, rows BIGINT NOT NULL, added_rows BIGINT NOT NULL,
    columns JSON NOT NULL, files JSON NOT NULL, cause VARCHAR NOT NULL, notices JSON NOT NULL, created_at TIMESTAMP NOT NULL,
    contract_revision INTEGER,
    PRIMARY KEY (dataset, version)
);
-- Numbered by the store: the number in a contract's own text is only told, never believed.
CREATE TABLE contract_revisions (
    dataset VARCHAR NOT NULL, revision INTEGER NOT NULL, cause VARCHAR NOT NULL, actor VARCHAR NOT NULL, changes JSON NOT NULL,
    text VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL, PRIMARY KEY (dataset, revision)
);
-- The same part may be in a version twice (two files with the same rows), hence the ordinal in the key.
-- A part belongs to the versions from added_version up to, not including, removed_version.
CREATE TABLE dataset_parts (
    dataset VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, added_version INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    removed_version INTEGER, rows BIGINT NOT NULL, bytes BIGINT NOT NULL, files JSON NOT NULL,
    time_min TIMESTAMP, time_max TIMESTAMP, PRIMARY KEY (dataset, sha256, added_version, ordinal)
);

CREATE TABLE runs (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, model VARCHAR NOT NULL, dataset VARCHAR, dataset_version INTEGER,
    state VARCHAR NOT NULL, score DOUBLE, duration_s DOUBLE, job VARCHAR, created_at TIMESTAMP NOT NULL, record JSON NOT NULL
);

CREATE TABLE model_versions (
    model VARCHAR NOT NULL, version INTEGER NOT NULL, run VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
    trained_until TIMESTAMP, holdout JSON, created_at TIMESTAMP NOT NULL, record JSON NOT NULL, PRIMARY KEY (model, version)
);
CREATE TABLE aliases (
    model VARCHAR NOT NULL, alias VARCHAR NOT NULL, version INTEGER, rev INTEGER NOT NULL, moved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (model, alias)
);
CREATE TABLE alias_history (
    seq BIGINT PRIMARY KEY, model VARCHAR NOT NULL, alias VARCHAR NOT NULL, version INTEGER, previous INTEGER,
    actor VARCHAR NOT NULL, cause VARCHAR NOT NULL, reason VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL
);
CREATE TABLE models (
    name VARCHAR PRIMARY KEY, task VARCHAR, metric VARCHAR, live_score DOUBLE, live_rows BIGINT NOT NULL,
    predictions BIGINT NOT NULL, value DOUBLE, retired BOOLEAN NOT NULL, awaiting INTEGER, segments INTEGER NOT NULL
);

CREATE TABLE jobs (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, kind VARCHAR NOT NULL, subject VARCHAR NOT NULL, state VARCHAR NOT NULL,
    priority INTEGER NOT NULL, unique_key VARCHAR, epoch BIGINT, created_at TIMESTAMP NOT NULL, record JSON NOT NULL
);

CREATE TABLE alerts (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, subject VARCHAR NOT NULL, check_code VARCHAR NOT NULL, state VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, resolved_at TIMESTAMP, record JSON NOT NULL
);
CREATE TABLE checks (
    number BIGINT PRIMARY KEY, model VARCHAR NOT NULL, model_version INTEGER, check_code VARCHAR NOT NULL, feature VARCHAR,
    verdict VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL, record JSON NOT NULL
);

-- Parquet parts of the inference log; kind is 'predictions' or 'actuals'.
CREATE TABLE inference_parts (
    sha256 VARCHAR NOT NULL, model VARCHAR NOT NULL, kind VARCHAR NOT NULL, path VARCHAR NOT NULL, model_version INTEGER, rows BIGINT NOT NULL,
    source VARCHAR NOT NULL, origin VARCHAR, first_at TIMESTAMP, last_at TIMESTAMP, created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (sha256, model, kind)
);
-- How far each segment of the serving process's log has been taken in.
CREATE TABLE segments (name VARCHAR PRIMARY KEY, taken BIGINT NOT NULL);
