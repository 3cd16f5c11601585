"""Carrying the outbox to the graph, the queues and the sockets."""
