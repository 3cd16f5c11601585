"""The rest_api function."""
