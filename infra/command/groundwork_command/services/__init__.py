"""The embedded services of a laptop: PostgreSQL, Neo4j and the AWS emulator.

Each is a process of ours behind one small protocol (`service.Service`); `supervisor.Supervisor`
starts them side by side, restarts one that dies and cleans up after a crash.
"""
