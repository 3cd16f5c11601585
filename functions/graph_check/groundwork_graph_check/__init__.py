"""The graph check function."""
