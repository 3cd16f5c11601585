"""What is set: for everybody (configurations) and by each user (preferences)."""
