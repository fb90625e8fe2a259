"""What runs inside a worker: stations composed into one unit of work."""
