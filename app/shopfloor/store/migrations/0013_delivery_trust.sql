-- Whether the rows that a dataset version brought may be learned from and released: what the checks found, or a person said.
CREATE TABLE delivery_trust (
    dataset VARCHAR NOT NULL, version INTEGER NOT NULL, trust VARCHAR NOT NULL, record JSON NOT NULL,
    PRIMARY KEY (dataset, version)
);
