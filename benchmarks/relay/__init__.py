"""From a commit in Postgres to the graph: how long it takes, and how many rows a second."""
