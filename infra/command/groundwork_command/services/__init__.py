"""The embedded services of an instance: PostgreSQL, Neo4j and the AWS emulator.

Each implements `service.Service`. `supervisor.Supervisor` starts them concurrently, restarts one
that dies and cleans up after a crash.
"""
