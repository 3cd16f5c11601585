"""The graph: its model, its changes and its queries."""
