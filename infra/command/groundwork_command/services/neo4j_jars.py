"""Neo4j's published jars: fetched once by their Maven coordinates, checked against our lock file.

The lock file (`neo4j.lock`, in jgo's format) names every jar and its SHA-256. The jars are kept
inside the Python environment, so that all instances of a checkout share them and removing the
environment removes them. To write a new lock:

    python -m groundwork_command.services.neo4j_jars VERSION
"""

import fcntl
import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from groundwork_command.services.service import ServiceError

LOCK_FILE = Path(__file__).with_name("neo4j.lock")
PARALLEL_DOWNLOADS = 12
TRIES = 3
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Jar:
    """One file of the lock."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name in Maven's own form."""
        end = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{end}.jar"

    @property
    def path(self) -> Path:
        """Where it lies in a Maven repository."""
        return Path(*self.group.split(".")) / self.artifact / self.version / self.filename


def locked(lock: Path = LOCK_FILE) -> list[Jar]:
    """The jars of the lock file, in class path order."""
    entries = tomllib.loads(lock.read_text())["dependencies"]
    return [
        Jar(
            entry["groupId"],
            entry["artifactId"],
            entry["version"],
            entry.get("classifier", ""),
            entry["sha256"],
        )
        for entry in entries
    ]


def cache() -> Path:
    """Where the jars of this lock are kept, laid out as in a Maven repository.

    Not all in one folder: some name others in their manifests, and Java would find those there.
    """
    digest = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]
    return Path(sys.prefix) / "share" / "groundwork" / f"neo4j-jars-{digest}"


def present() -> bool:
    """Whether all jars are here and were checked."""
    return (cache() / "complete").exists()


def ensure(progress: Callable[[str], None]) -> list[Path]:
    """All jars in class path order, fetching what is missing. Raises ServiceError."""
    folder = cache()
    jars = locked()
    paths = [folder / jar.path for jar in jars]
    if present():
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one fetches, others wait for it
        if not present():
            _fetch_all(jars, folder, progress)
            (folder / "complete").touch()
    return paths


def _fetch_all(jars: list[Jar], folder: Path, progress: Callable[[str], None]) -> None:
    missing = [jar for jar in jars if not _is_right(folder / jar.path, jar)]
    staging = folder / "staging"
    try:
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS, thread_name_prefix="jars") as pool:
            tasks = [pool.submit(fetch, jar, folder, staging) for jar in missing]
            try:
                for done, task in enumerate(as_completed(tasks), start=1):
                    task.result()
                    progress(f"fetching jars, once: {done} of {len(missing)}")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def fetch(jar: Jar, folder: Path, staging: Path) -> None:
    """Take it from the user's own Maven repository where it lies there, else download it."""
    target = folder / jar.path
    known = _user_repository() / jar.path
    if _is_right(known, jar):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".new")
        shutil.copyfile(known, draft)
        draft.replace(target)
        return
    fetched = _download(jar, staging)
    if not _is_right(fetched, jar):
        fetched.unlink()
        raise ServiceError(
            f"{jar.group}:{jar.artifact}:{jar.version} was fetched, but its SHA-256 is not the one "
            "in neo4j.lock: it was damaged or changed on the way. It has been thrown away; try "
            "again, and look at the proxy or mirror in between if it stays so."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    fetched.replace(target)


def _download(jar: Jar, staging: Path) -> Path:
    import requests
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=staging, timeout=TIMEOUT_SECONDS)
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    failure: Exception | None = None
    for _ in range(TRIES):
        (staging / jar.path).unlink(missing_ok=True)
        try:
            return Path(component.artifact(classifier=jar.classifier).resolve())
        except (requests.RequestException, RuntimeError, OSError) as error:
            failure = error
    raise ServiceError(
        f"Neo4j's jar {jar.filename} could not be fetched from Maven Central: {failure}. Check the "
        "network and proxy settings (HTTPS_PROXY), or set NEO4J_URI to a Neo4j of your own."
    ) from failure


def _user_repository() -> Path:
    return Path(os.environ.get("M2_REPO", Path.home() / ".m2" / "repository"))


def _is_right(path: Path, jar: Jar) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256


def write_lock(version: str, lock: Path = LOCK_FILE) -> int:
    """Resolve this version of Neo4j anew and write the lock file. Returns the number of jars."""
    import tempfile

    import jgo

    with tempfile.TemporaryDirectory() as folder:
        built = jgo.build(f"org.neo4j:neo4j:{version}", cache_dir=Path(folder)).lockfile
        if built is None:
            raise ServiceError(f"jgo resolved Neo4j {version} but wrote no lock")
        resolved = built.dependencies
    lines = ["# Written by `python -m groundwork_command.services.neo4j_jars`; do not edit.", ""]
    for entry in resolved:
        lines.append("[[dependencies]]")
        keys = ("groupId", "artifactId", "version", "classifier", "packaging", "sha256")
        lines += [f'{key} = "{getattr(entry, key)}"' for key in keys if getattr(entry, key)]
        lines.append("")
    lock.write_text("\n".join(lines))
    return len(resolved)


if __name__ == "__main__":
    print(write_lock(sys.argv[1]), "jars")  # noqa: T201 - a maintainer's command
