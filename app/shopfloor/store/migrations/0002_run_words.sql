-- What a search of runs also looks at: the chosen recipe and the trigger. Read from 100,000 records they
-- cost a second, as a column a fraction of it. A new table, because a column added in a transaction cannot be filled in it.
CREATE TABLE runs_with_words (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, model VARCHAR NOT NULL, dataset VARCHAR, dataset_version INTEGER,
    state VARCHAR NOT NULL, score DOUBLE, duration_s DOUBLE, job VARCHAR, created_at TIMESTAMP NOT NULL, record JSON NOT NULL,
    words VARCHAR NOT NULL DEFAULT ''
);
INSERT INTO runs_with_words
SELECT id, number, model, dataset, dataset_version, state, score, duration_s, job, created_at, record,
       concat_ws(' ', record->>'$.chosen', record->>'$.trigger')
FROM runs;
DROP TABLE runs;
ALTER TABLE runs_with_words RENAME TO runs;
