"""The wheels install into an empty environment, and the tutorial of docs/contracts/ai.md runs."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2
import psycopg
import pytest
from tests.child_instance import Instance

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "contracts" / "ai.md").read_text()
BLOCK = re.compile(r"^```(sh|python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOGIN = re.compile(r"CREATE ROLE (\w+) LOGIN PASSWORD '([^']+)'")
PARTS = ("client", "core", "data")
EXPORTED = "\nenv | grep ^GROUNDWORK > exported || true\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Makefile's wheels in `dist`, where the tutorial is followed."""
    place = tmp_path_factory.mktemp("tutorial")
    done = subprocess.run(["make", "wheels"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.copytree(ROOT / "dist", place / "dist")
    return place


def run(folder: Path, *command: str | Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def shell(folder: Path, text: str, environment: dict[str, str]) -> None:
    """Run a block of commands; what it exports is kept for the next ones."""
    text = text.replace("make wheels\n", "")  # done, in the repository
    run(folder, "bash", "-euc", text + EXPORTED, environment=environment)
    for line in (folder / "exported").read_text().splitlines():
        name, _, value = line.partition("=")
        environment[name] = value


def documents(admin: httpx2.Client) -> None:
    """A document with a text and one without."""
    schedule = {"kind": "interval", "every_seconds": 900}
    made = admin.post(
        "/api/v1/sources",
        json={"name": "S", "url": "https://feed.test/", "schedule": schedule, "enabled": False},
    )
    assert made.status_code == 201, made.text
    for number, text in enumerate(("<p>Ada Lovelace met Charles Babbage.</p>", "")):
        added = admin.post(
            "/api/v1/documents",
            json={
                "source_id": made.json()["id"],
                "url": f"https://feed.test/{number}",
                "title": f"Engines {number}",
                "content": text,
            },
        )
        assert added.status_code == 201, added.text


def test_the_tutorial_runs_in_an_empty_environment(folder: Path, instance: Instance) -> None:
    environment = {
        "GROUNDWORK_URL": instance.url,
        "EMAIL": instance.email,
        "PASSWORD": instance.password,
    }
    printed = []
    with instance.client() as admin:
        documents(admin)
        for language, text in BLOCK.findall(TUTORIAL):
            if language == "sh":
                shell(folder, text, environment)
            elif language == "python":
                python = folder / "worker" / "bin" / "python"
                printed.append(
                    run(folder, python, "-W", "error", "-c", text, environment=environment)
                )
            else:
                environment["DATABASE_URL"] = make_login(instance, text)
        jobs = {
            (job["kind"], job["status"], (job["error"] or {}).get("class"), job["reference"])
            for job in admin.get("/api/v1/jobs", params={"limit": 100}).json()["items"]
            if job["kind"] != "extract"
        }
        people = admin.get("/api/v1/entities", params={"type": "person"}).json()["items"]
    assert jobs == {
        ("people", "succeeded", None, None),
        ("people", "failed", "bad_input", None),
        ("flaky", "queued", "retryable", None),
        ("batch", "queued", None, "batch-7"),
    }
    assert {person["key"] for person in people} == {"ada lovelace", "charles babbage"}
    assert sorted(printed[-1].splitlines()) == [
        "Ada Lovelace in Engines 0",
        "Charles Babbage in Engines 0",
    ]


def make_login(instance: Instance, statement: str) -> str:
    """Run the statement as the owner; return the URL of the login."""
    owner = instance.addresses["DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(statement)
    found = LOGIN.search(statement)
    assert found is not None
    parts = urlsplit(owner)
    netloc = f"{found[1]}:{found[2]}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_brings_its_types_and_says_what_it_needs(folder: Path, part: str) -> None:
    (wheel,) = (folder / "dist").glob(f"groundwork_{part}-*.whl")
    described = tomllib.loads((ROOT / "layers" / part / "pyproject.toml").read_text())["project"]
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert described["version"] == whole["version"]
    listed = run(folder, "python3", "-m", "zipfile", "-l", wheel, environment={})
    assert f"groundwork_{part}/py.typed" in listed
    assert "tests" not in listed
