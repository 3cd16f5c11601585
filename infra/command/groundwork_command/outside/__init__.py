"""Checks of a deployment from outside, by its URL, for `groundwork doctor --env`."""
