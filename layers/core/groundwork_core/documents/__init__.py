"""What was read from the sources."""
