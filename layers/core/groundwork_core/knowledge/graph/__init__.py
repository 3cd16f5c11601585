"""The graph: what it holds, how changes reach it, what may be asked of it."""
