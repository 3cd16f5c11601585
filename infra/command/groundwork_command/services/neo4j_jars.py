"""Neo4j's published jars: fetched once from Maven and verified against the lock file.

The lock file (`neo4j.lock`, in jgo's format) names every jar and its SHA-256. The jars are kept
inside the Python environment: all instances of a checkout share them, and removing the environment
removes them. To write a new lock file:

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
    """One jar of the lock file."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """File name in Maven's form."""
        end = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{end}.jar"

    @property
    def path(self) -> Path:
        """Path inside a Maven repository."""
        return Path(*self.group.split(".")) / self.artifact / self.version / self.filename


def locked_jars(lock: Path = LOCK_FILE) -> list[Jar]:
    """Return the jars of the lock file, in class path order."""
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
    """Return the folder of the jars of this lock, laid out as a Maven repository.

    Not one flat folder: manifests name other jars, which Java would then find there.
    """
    digest = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]
    return Path(sys.prefix) / "share" / "groundwork" / f"neo4j-jars-{digest}"


def present() -> bool:
    """Return whether all jars were fetched and verified."""
    return (cache() / "complete").exists()


def ensure(progress: Callable[[str], None]) -> list[Path]:
    """Fetch missing jars; return all in class path order. Raises ServiceError."""
    folder = cache()
    jars = locked_jars()
    paths = [folder / jar.path for jar in jars]
    if present():
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process fetches, others wait
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
    """Copy a jar from the user's Maven repository, or download it."""
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
            f"{jar.group}:{jar.artifact}:{jar.version} was fetched, but its SHA-256 differs from "
            "neo4j.lock: it was damaged or changed in transit. It has been deleted. Try again; if "
            "the error persists, check the proxy or mirror."
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
        "network and proxy settings (HTTPS_PROXY), or set NEO4J_URI to an existing Neo4j."
    ) from failure


def _user_repository() -> Path:
    return Path(os.environ.get("M2_REPO", Path.home() / ".m2" / "repository"))


def _is_right(path: Path, jar: Jar) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256


def write_lock(version: str, lock: Path = LOCK_FILE) -> int:
    """Resolve this version of Neo4j and write the lock file. Return the number of jars."""
    import tempfile

    import jgo

    with tempfile.TemporaryDirectory() as folder:
        built = jgo.build(f"org.neo4j:neo4j:{version}", cache_dir=Path(folder)).lockfile
        if built is None:
            raise ServiceError(f"jgo resolved Neo4j {version} but wrote no lock file")
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
