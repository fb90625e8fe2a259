-- Up to which event the command of each rule of `notify` has been told.
CREATE TABLE notify_told (rule VARCHAR PRIMARY KEY, seq BIGINT NOT NULL);
