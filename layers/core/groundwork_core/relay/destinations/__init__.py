"""The destinations of the relay: the graph, the queues and the sockets."""
