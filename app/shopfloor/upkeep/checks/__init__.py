"""What the doctor looks at, one module an organ."""
