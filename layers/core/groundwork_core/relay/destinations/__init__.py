"""The destinations of the relay: the graph, the queues, the sockets and webhooks."""
