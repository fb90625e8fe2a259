-- Requests to a model version as they were counted: over `rest`, or files of a `batch`. `faults` says which of them
-- got no prediction, and why (JSON).
CREATE TABLE request_counts (
    number BIGINT PRIMARY KEY,
    model VARCHAR NOT NULL,
    model_version BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    counted_at TIMESTAMP NOT NULL,
    answered BIGINT NOT NULL,
    faults VARCHAR
);
