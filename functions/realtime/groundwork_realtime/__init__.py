"""The realtime function."""
