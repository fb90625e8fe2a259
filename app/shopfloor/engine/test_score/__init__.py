"""The ML Test Score of a model: one file a section, each test a function from stored evidence to a finding."""
