"""Where the relay delivers outbox rows: the graph, the queues and the live sockets."""
