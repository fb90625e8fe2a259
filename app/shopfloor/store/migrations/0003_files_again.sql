-- What a person asked for when a held file is taken in again; it may have to wait in between.
ALTER TABLE files ADD COLUMN again JSON;
