"""Measure searches among many vectors: `python -m benchmarks.embeddings [--vectors 1000000]`.

Texts are embedded by a real model in an environment of its own (requirements.txt). Where there are
fewer texts than vectors, the rest lies between two texts of one theme, with some noise. Everything
is stored in a throw-away Postgres, and searched as the API does it; what is found is compared with
the exact answer.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg

from benchmarks.machine import described
from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.supervisor import Supervisor
from groundwork_core.embeddings.ports import EVERYTHING, Among
from groundwork_data.postgres import embedding_search_sql
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.embeddings import PostgresEmbeddings
from groundwork_data.postgres.migrations import migrate

HERE = Path(__file__).parent
MIGRATIONS = HERE.parents[1] / "migrations" / "postgres"
MODEL, SIZE, K = "all-minilm-l6-v2", 384, 10
GOAL_RECALL, GOAL_P95_MS = 0.95, 50.0
CANDIDATES = (100, 200, 400, 600, 800)
"""Numbers of candidates that are taken from the index, to choose the product's own by."""
ASKED = 200
MATCHES = (20, 50, 100)
"""Numbers of candidates that must match a filter."""
SHARES = (0.5, 0.1, 0.02, 0.001)
"""Sources of the documents: each has this share of them, the last one what is left."""
Array = np.ndarray


@dataclass(frozen=True)
class Measured:
    """One way of searching."""

    name: str
    matching: int
    recall: float
    median_ms: float
    p95_ms: float

    def line(self) -> str:
        """Return a row of the table."""
        return (
            f"| {self.name} | {self.matching:,} | {self.recall:.3f} | {self.median_ms:.1f}"
            f" | {self.p95_ms:.1f} |"
        )


def embedded(folder: Path, count: int) -> Array:
    """Return the vectors of texts by the model; they are kept in the folder."""
    kept = folder / f"texts-{count}.npy"
    if not kept.exists():
        python = folder / "model" / "bin" / "python"
        if not python.exists():
            venv.create(folder / "model", with_pip=True)
            pip = [str(python), "-m", "pip", "install", "-q", "--no-deps", "-r"]
            subprocess.run([*pip, str(HERE / "requirements.txt")], check=True)
        subprocess.run([python, HERE / "embed_texts.py", str(count), kept], check=True)
    found: Array = np.load(kept)
    return found


def grown(texts: Array, count: int) -> Array:
    """Return `count` vectors: those of texts, and others between neighbours of the same theme."""
    seeded = np.random.default_rng(384)
    missing = count - len(texts)
    if missing <= 0:
        return texts[:count]
    themes = 2_000
    first = seeded.integers(0, len(texts), missing)
    second = (first + themes * seeded.integers(1, 50, missing)) % len(texts)
    share = seeded.uniform(0.2, 0.8, (missing, 1)).astype(np.float32)
    more = texts[first] * share + texts[second] * (1 - share)
    more += seeded.normal(0, 0.015, more.shape).astype(np.float32)
    return np.concatenate([texts, more / np.linalg.norm(more, axis=1, keepdims=True)])


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a throw-away server with the schema; return its URL."""
    home = Home(folder / "home")
    settings = {"fsync": "off", "shared_buffers": "1GB", "maintenance_work_mem": "2GB"}
    services = Supervisor(home, [Postgres(home, settings)])
    found = services.start(lambda name, text: print(f"{name}: {text}", flush=True))
    try:
        migrate(found["DATABASE_URL"], MIGRATIONS)
        yield found["DATABASE_URL"]
    finally:
        services.stop()


def fill(connection: psycopg.Connection[tuple[object, ...]], vectors: Array) -> float:
    """Store a document with each vector; return the seconds that the index took."""
    connection.execute("SET session_replication_role = replica")
    ends = [int(len(vectors) * sum(SHARES[: n + 1])) for n in range(len(SHARES))]
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY documents (id, source_id, external_id, content_hash) FROM STDIN"
        ) as rows:
            for n in range(len(vectors)):
                source = next((i for i, end in enumerate(ends) if n < end), len(ends))
                rows.write_row((UUID(int=n + 1), UUID(int=source + 1), str(n), "0" * 64))
        with cursor.copy(
            "COPY embeddings (subject_type, subject_id, model, vector) FROM STDIN"
        ) as rows:
            for n, vector in enumerate(vectors):
                text = "[" + ",".join(f"{one:.7g}" for one in vector.tolist()) + "]"
                rows.write_row(("document", UUID(int=n + 1), MODEL, text))
    connection.execute("ANALYZE documents")
    began = time.perf_counter()
    connection.execute("SELECT groundwork_learn_embedding_model(%s, %s)", [MODEL, SIZE])
    seconds = time.perf_counter() - began
    connection.execute("VACUUM ANALYZE embeddings")
    return seconds


def search(
    database: Database, name: str, among: Among, within: range, asked: Array, all_: Array
) -> Measured:
    """Search for vectors near to others; compare with the exact answer among `within`."""
    took, found = [], 0
    for vector in asked:
        text = str(vector.tolist())
        began = time.perf_counter()
        with database.transaction() as connection:
            store = PostgresEmbeddings(connection)
            known = store.known(MODEL, None, K)
            assert known is not None
            got = store.nearest(MODEL, known, text, besides=None, among=among, count=K)
        took.append(1_000 * (time.perf_counter() - began))
        scores = all_[within.start : within.stop] @ vector
        best = np.argpartition(-scores, min(K, len(scores)) - 1)[:K]
        exact = {UUID(int=within.start + int(n) + 1) for n in best}
        found += len({one.subject_id for one in got} & exact)
    return Measured(
        name,
        len(within),
        found / (min(K, len(within)) * len(asked)),
        statistics.median(took),
        statistics.quantiles(took, n=20)[-1],
    )


def sources(count: int) -> Iterator[tuple[str, Among, range]]:
    """Return the filters: the documents of each source, with their places among all."""
    start = 0
    for number, share in enumerate(SHARES):
        end = int(count * sum(SHARES[: number + 1]))
        yield (
            f"a source with {share:.1%} of them",
            Among(source_id=UUID(int=number + 1)),
            range(start, end),
        )
        start = end


def measured(url: str, vectors: Array, asked: Array) -> tuple[list[Measured], list[Measured]]:
    """Search as the product does, without a filter and in each source; then with other settings."""
    database = Database(url, application_name="benchmark")
    everything = range(len(vectors))
    search(database, "warm", EVERYTHING, everything, asked, vectors)
    results = [search(database, "all", EVERYTHING, everything, asked, vectors)]
    for name, among, within in sources(len(vectors)):
        results.append(search(database, name, among, within, asked, vectors))
        print(results[-1].line(), flush=True)
    others = []
    own = embedding_search_sql.CANDIDATES
    for number in CANDIDATES:
        embedding_search_sql.CANDIDATES = number
        name = f"all, {number} candidates"
        others.append(search(database, name, EVERYTHING, everything, asked, vectors))
        print(others[-1].line(), flush=True)
    embedding_search_sql.CANDIDATES, own = own, embedding_search_sql.MATCHES
    for number in MATCHES:
        embedding_search_sql.MATCHES = number
        for name, among, within in sources(len(vectors)):
            if len(within) > embedding_search_sql.FEW:  # the others are all compared
                called = f"{name}, {number} matches"
                others.append(search(database, called, among, within, asked, vectors))
                print(others[-1].line(), flush=True)
    embedding_search_sql.MATCHES = own
    database.close()
    return results, others


def page(
    how: str,
    load: float,
    texts: int,
    index: str,
    results: list[Measured],
    others: list[Measured],
) -> str:
    """Return the page. `how` are the command's options; `index` says what the index took."""
    vectors = results[0].matching
    met = results[0].recall >= GOAL_RECALL and results[0].p95_ms < GOAL_P95_MS
    head = ["| among | matching | recall@10 | median ms | p95 ms |", "|---|---:|---:|---:|---:|"]
    lines = [
        "# Searching vectors",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.embeddings {how}` on: "
        f"{described()}; load before it began: {load:.1f}.",
        "",
        f"{vectors:,} vectors of {SIZE} dimensions: {min(texts, vectors):,} texts "
        "of words of one theme each, embedded by all-MiniLM-L6-v2, which is not in the product; "
        "the rest lies between two texts of a theme, with noise. "
        f"{ASKED} texts that are not stored are searched for, {K} results each, one after "
        f"another. The index {index}.",
        "",
        *head,
        *(one.line() for one in results),
        "",
        f"The goal (recall of at least {GOAL_RECALL} at a p95 under {GOAL_P95_MS:g} ms, of all) is "
        f"{'met' if met else 'not met'}.",
        "",
        f"The product looks at {embedding_search_sql.CANDIDATES} candidates, and with a filter "
        f"until {embedding_search_sql.MATCHES} of them match. With other numbers:",
        "",
        *head,
        *(one.line() for one in others),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write docs/benchmarks/embeddings.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--vectors", type=int, default=1_000_000)
    arguments.add_argument("--texts", type=int, default=50_000)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    keeps = Path(tempfile.gettempdir()) / "groundwork-embeddings"
    arguments.add_argument("--folder", type=Path, default=keeps)
    options = arguments.parse_args()
    options.folder.mkdir(mode=0o755, exist_ok=True)
    load = os.getloadavg()[0]
    print(f"embedding {options.texts} texts", flush=True)
    texts = embedded(options.folder, options.texts + ASKED)
    asked, vectors = texts[:ASKED], grown(texts[ASKED:], options.vectors)
    shutil.rmtree(options.folder / "home", ignore_errors=True)
    with postgres(options.folder) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            print(f"storing {len(vectors)} vectors and building the index", flush=True)
            build = fill(connection, vectors)
            print(f"index built in {build:.0f} s; searching", flush=True)
            size = connection.execute(
                "SELECT pg_size_pretty(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes"
                " WHERE indexrelname LIKE 'ix_embeddings_near_%'"
            ).fetchone()
        results, others = measured(url, vectors, asked)
    shutil.rmtree(options.folder / "home", ignore_errors=True)
    how = f"--vectors {options.vectors} --texts {options.texts}"
    index = f"took {build:.0f} s to build and has {size[0] if size else '?'}"
    text = page(how, load, len(texts), index, results, others)
    (options.out / "embeddings.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
