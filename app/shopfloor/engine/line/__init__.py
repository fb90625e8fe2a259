"""What joins stations: which fact queues which job, and the jobs that cross stations."""
