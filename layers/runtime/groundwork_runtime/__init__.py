"""The runtime of the functions: settings, wiring, HTTP, GraphQL, logs, metrics."""
