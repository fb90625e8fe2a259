-- When each model was last considered by the clock: its schedule, the age of its champion.
CREATE TABLE retrain_ticks (
    model VARCHAR NOT NULL, trigger VARCHAR NOT NULL, considered_at TIMESTAMP NOT NULL, PRIMARY KEY (model, trigger)
);
