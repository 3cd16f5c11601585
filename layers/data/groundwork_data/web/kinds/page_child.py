"""The child process that extracts the text of one page: bytes on stdin, JSON on stdout.

It limits its own memory and CPU time before it loads the extraction library. So a page that would
take gigabytes or minutes ends only this process. It needs no network.
"""

import json
import resource
import sys

MAX_TEXT = 1_000_000


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process; beyond a limit it gets MemoryError or is killed."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def extract(body: bytes, url: str, favor: str, tables: str) -> dict[str, str | None]:
    """Return title, author and readable text of a page; empty texts where there is none."""
    import trafilatura

    found = trafilatura.bare_extraction(
        body,
        url=url,
        favor_precision=favor == "precision",
        favor_recall=favor == "recall",
        include_comments=False,
        include_tables=tables == "yes",
        with_metadata=True,
    )
    if found is None:
        return {"title": None, "author": None, "text": ""}
    stated = found if isinstance(found, dict) else found.as_dict()
    return {
        "title": stated.get("title"),
        "author": stated.get("author"),
        "text": (stated.get("text") or "")[:MAX_TEXT],
    }


def main() -> None:
    """Read the limits and options from the arguments, and the page from stdin."""
    memory_bytes, cpu_seconds, url, favor, tables = sys.argv[1:]
    limit(int(memory_bytes), int(cpu_seconds))
    json.dump(extract(sys.stdin.buffer.read(), url, favor, tables), sys.stdout)


if __name__ == "__main__":
    main()
