-- How many of a part's predictions the model was not trusted with, why, and what was done (JSON); NULL for none.
ALTER TABLE inference_parts ADD COLUMN humility VARCHAR;
