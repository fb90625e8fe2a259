-- Datasets whose rows a query makes from others: from which versions it made the newest result, and the file of that.
ALTER TABLE files ADD COLUMN derived VARCHAR;
CREATE TABLE derived_datasets (
    dataset VARCHAR PRIMARY KEY,
    query VARCHAR NOT NULL,
    inputs VARCHAR NOT NULL,
    file VARCHAR,
    made_at TIMESTAMP NOT NULL
);
