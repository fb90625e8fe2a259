-- Where the rows of a check came from: deliveries are looked at by themselves, and remembered beside any number of looks
-- at stored predictions. A new table, because a column added in a transaction cannot be filled in it.
CREATE TABLE checks_with_source (
    number BIGINT PRIMARY KEY, model VARCHAR NOT NULL, model_version INTEGER, check_code VARCHAR NOT NULL, feature VARCHAR,
    source VARCHAR NOT NULL DEFAULT 'data', verdict VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL, record JSON NOT NULL
);
INSERT INTO checks_with_source
SELECT number, model, model_version, check_code, feature, coalesce(record -> 'evidence' ->> 'source', 'data'), verdict,
       happened_at, record
FROM checks;
DROP TABLE checks;
ALTER TABLE checks_with_source RENAME TO checks;
