"""The graph_api function."""
