"""The web: asking sources safely, and reading what they answer."""
