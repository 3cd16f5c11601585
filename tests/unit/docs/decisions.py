"""Decision records and their index."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "decisions"
INDEX = FOLDER / "README.md"
TITLE = re.compile(r"# (?P<number>\d+)\. (?P<title>.+)")
STATUS = re.compile(
    r"Date: (?P<date>\d{4}-\d\d-\d\d)\. Status: (?P<status>accepted|replaced by \d+)\."
)


@dataclass(frozen=True)
class Record:
    number: int
    title: str
    date: str
    status: str
    file: str

    @property
    def row(self) -> str:
        return f"| [{self.number}]({self.file}) | {self.title} | {self.date} | {self.status} |"


def read(path: Path) -> Record:
    """Read a record; raises ValueError when its head is not as it must be."""
    lines = path.read_text().splitlines()
    title, status = TITLE.fullmatch(lines[0]), STATUS.fullmatch(lines[2])
    if title is None or status is None:
        message = f"{path.name}: begin with '# N. Title', a blank line, 'Date: … Status: ….'"
        raise ValueError(message)
    return Record(int(title["number"]), title["title"], status["date"], status["status"], path.name)


def records() -> list[Record]:
    return [read(path) for path in sorted(FOLDER.glob("0*.md"))]


def table() -> list[str]:
    """The rows of the index. `python -m tests.unit.docs.decisions` writes them, and docs/orm.md."""
    return [record.row for record in records()]


if __name__ == "__main__":
    from tests.unit.docs import orm_page

    orm_page.write()
    head = INDEX.read_text().split("|---|---|---|---|\n")[0] + "|---|---|---|---|\n"
    INDEX.write_text(head + "\n".join(table()) + "\n")
