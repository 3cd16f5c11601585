"""Settings of the instance (configurations) and of each user (preferences)."""
