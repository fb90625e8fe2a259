-- How many people a release of each model needs, as it is in force: a definition that asks for fewer must be approved.
CREATE TABLE release_rules (model VARCHAR PRIMARY KEY, rule JSON NOT NULL, lowering JSON);
