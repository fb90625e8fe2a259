"""Records as text for people; JSON is the records themselves."""
