from pathlib import Path

import pytest

from .decisions import INDEX, read, records, table


def test_the_index_lists_every_decision_with_its_date_and_status() -> None:
    rows = [line for line in INDEX.read_text().splitlines() if line.startswith("| [")]
    assert rows == table()


def test_each_number_is_used_once_and_is_the_files() -> None:
    numbers = [record.number for record in records()]
    assert len(set(numbers)) == len(numbers)
    assert all(int(record.file[:4]) == record.number for record in records())


def test_a_replaced_decision_names_one_that_exists() -> None:
    numbers = {record.number for record in records()}
    replaced = [record for record in records() if record.status != "accepted"]
    assert all(int(record.status.split()[-1]) in numbers for record in replaced)


def test_a_record_without_a_status_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "0099-x.md"
    file.write_text("# 99. X\n\n## Context\n")
    with pytest.raises(ValueError, match="Status"):
        read(file)
