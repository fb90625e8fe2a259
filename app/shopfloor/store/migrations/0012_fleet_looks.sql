-- Each look at a model, with what the whole fleet allows it to find.
CREATE TABLE fleet_looks (
    number BIGINT PRIMARY KEY,
    model VARCHAR NOT NULL,
    looked_at TIMESTAMP NOT NULL,
    p_value DOUBLE NOT NULL,
    level DOUBLE NOT NULL,
    found BOOLEAN NOT NULL,
    shifted VARCHAR NOT NULL
);
