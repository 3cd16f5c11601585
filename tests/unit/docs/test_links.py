"""Links, commands and settings that the documents name are there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"```.*?```", re.DOTALL)
CODE = ("layers", "functions", "infra", "benchmarks", "tests/conftest.py")


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", re.sub(r"[`*]", "", heading.strip()))
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def broken_links(document: Path, text: str) -> Iterator[str]:
    """Links of a document to files or headings that are not there."""
    for match in LINK.finditer(FENCED.sub("", text)):
        path, _, wanted = match[1].partition("#")
        if re.match(r"[a-z]+:", match[1]):
            continue
        target = document.parent / path if path else document
        if not target.exists():
            yield match[1]
        elif wanted and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            if wanted not in {anchor(each) for each in headings}:
                yield match[1]


def unknown_targets(text: str) -> set[str]:
    """Targets of make that a text names and the Makefile has not."""
    makefile = (ROOT / "Makefile").read_text()
    targets = {
        name
        for line in re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.MULTILINE)
        for name in line.split()
    }
    return set(re.findall(r"`make ([a-z][a-z-]*)", text)) - targets


def test_every_link_of_the_documents_leads_somewhere() -> None:
    found = {
        str(each.relative_to(ROOT)): broken
        for each in documents()
        if (broken := list(broken_links(each, each.read_text())))
    }
    assert found == {}


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "# A b\n[x](nothing.md) [y](#a-b) [z](README.md#no-such-part) [w](https://a.test)"
    assert list(broken_links(ROOT / "README.md", text)) == [
        "nothing.md",
        "#a-b",  # of the file itself, not of this text
        "README.md#no-such-part",
    ]


def test_documents_name_only_targets_that_make_has() -> None:
    assert {name for each in documents() for name in unknown_targets(each.read_text())} == set()
    assert unknown_targets("`make up` and `make coffee`") == {"coffee"}


def test_documents_name_only_settings_that_the_code_reads() -> None:
    read: set[str] = set()
    for part in CODE:
        for path in [ROOT / part, *(ROOT / part).rglob("*")]:
            if path.is_file() and path.suffix in {".py", ".yaml", ".sh", ".toml"}:
                read |= names_of(path.read_text())
    read |= names_of((ROOT / "template.yaml").read_text())
    named = {name for each in documents() for name in names_of(each.read_text())}
    assert len(named) > 20
    assert named - read == set()
    assert names_of("`GROUNDWORK" + "_COFFEE`") - read


def names_of(text: str) -> set[str]:
    """Variables that a text names."""
    return set(re.findall(r"\bGROUNDWORK_[A-Z0-9_]*[A-Z0-9]\b", text))
