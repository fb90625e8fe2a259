-- A file whose rows have left the dataset has a state of its own; its reason said so before.
UPDATE files SET state = 'withdrawn' WHERE state = 'committed' AND reason ->> 'code' = 'withdrawn';
