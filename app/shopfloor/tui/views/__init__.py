"""Records as table rows and detail sections: pure functions without Textual's screen."""
