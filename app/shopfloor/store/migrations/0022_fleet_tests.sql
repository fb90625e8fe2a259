-- Which looks at a model are tests of the fleet, and which of these opened an alert; NULL where a look was made before
-- that was told apart from a clear shift.
ALTER TABLE fleet_looks ADD COLUMN tested BOOLEAN DEFAULT true;
ALTER TABLE fleet_looks ADD COLUMN discovered BOOLEAN;
