-- What the rows were that the changes up to this event changed: a JSON list, with the last event of a commit.
ALTER TABLE events ADD COLUMN images JSON;
-- The texts of workspace.toml and of the definitions as the engine last read or wrote them.
CREATE TABLE texts (name VARCHAR PRIMARY KEY, text VARCHAR NOT NULL, changed_at TIMESTAMP NOT NULL);
-- Who asked for an operation, and which events it brought.
ALTER TABLE operations ADD COLUMN actor VARCHAR;
ALTER TABLE operations ADD COLUMN first_seq BIGINT;
ALTER TABLE operations ADD COLUMN last_seq BIGINT;
