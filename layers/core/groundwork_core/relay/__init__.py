"""The relay, which delivers the outbox to the graph, the queues and the sockets."""
