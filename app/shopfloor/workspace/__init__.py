"""The workspace on disk: paths, typed configuration, the team's text files, the template."""
