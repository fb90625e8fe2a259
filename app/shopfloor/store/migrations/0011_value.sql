-- The threshold that the positive class's probability is compared with, since a version was released; NULL: the most
-- probable class is the answer.
CREATE TABLE decision_thresholds (
    model VARCHAR NOT NULL, model_version INTEGER NOT NULL, threshold DOUBLE, decided_at TIMESTAMP NOT NULL,
    PRIMARY KEY (model, model_version)
);
-- What outcomes are worth, for predictions made from valid_from on. Rows are only added. A figure is NULL where a column
-- or a recipe gives it (in the record).
CREATE TABLE value_terms (
    model VARCHAR NOT NULL, terms INTEGER NOT NULL, valid_from TIMESTAMP NOT NULL, unit VARCHAR NOT NULL,
    true_positive DOUBLE, false_positive DOUBLE, true_negative DOUBLE, false_negative DOUBLE, per_absolute_error DOUBLE,
    record JSON NOT NULL, actor VARCHAR NOT NULL, recorded_at TIMESTAMP NOT NULL, PRIMARY KEY (model, terms)
);
-- What a model costs beside its decisions. Rows are only added: a wrong entry is reversed by another.
CREATE TABLE value_costs (
    id VARCHAR PRIMARY KEY, number BIGINT NOT NULL, model VARCHAR NOT NULL, kind VARCHAR NOT NULL, amount DOUBLE NOT NULL,
    note VARCHAR NOT NULL, spent_at TIMESTAMP NOT NULL, reverses VARCHAR, actor VARCHAR NOT NULL, recorded_at TIMESTAMP NOT NULL
);
