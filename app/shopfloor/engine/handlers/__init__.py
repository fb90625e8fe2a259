"""One module a kind of job: what it reads, what it commits, what follows."""
