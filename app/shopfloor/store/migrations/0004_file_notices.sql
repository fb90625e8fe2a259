-- What was noted when a file was read; a list of sentences.
ALTER TABLE files ADD COLUMN notices JSON;
