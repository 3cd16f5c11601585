"""The tables of docs/orm.md, made from the models and the rights of `ai_worker`.

`python -m tests.unit.docs.orm_page` writes them.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapper, configure_mappers

from groundwork_data.postgres.tables import Row
from groundwork_data.postgres.worker_role import CONFIDENTIAL, INSERTS, READS, UPDATES

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
PAGE = Path(__file__).parents[3] / "docs" / "orm.md"
MARK = "<!-- made by `python -m tests.unit.docs.orm_page`; do not edit below -->\n"


def page() -> str:
    """The whole page: what people write above the mark, and what is made below it."""
    return PAGE.read_text().split(MARK)[0] + MARK + "\n".join(_models()) + "\n"


def _models() -> Iterator[str]:
    configure_mappers()
    for mapper in sorted(Row.registry.mappers, key=lambda one: one.class_.__name__):
        yield from _model(mapper)


def _model(mapper: Mapper[Any]) -> Iterator[str]:
    model, table = mapper.class_, str(mapper.local_table)
    notes = _notes(model)
    yield f"\n### {model.__name__} (`{table}`)\n{_flat(model.__doc__ or '')} {_rights(table)}\n"
    yield "| column | type | |"
    yield "|---|---|---|"
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        assert isinstance(column, Column)
        yield f"| {attribute.key} | {_type(column)} | {_about(column, notes, attribute.key)} |"
    if mapper.relationships:
        links = sorted(
            f"`{link.key}` ({'list of ' if link.uselist else ''}{link.mapper.class_.__name__})"
            for link in mapper.relationships
        )
        yield f"\nRelationships: {', '.join(links)}."


def _rights(table: str) -> str:
    if table not in READS:
        return "`ai_worker`: nothing."
    said = ["reads"]
    said += [verb for verb, given in (("adds", INSERTS), ("changes", UPDATES)) if table in given]
    hidden = sorted(CONFIDENTIAL.get(table, ()))
    besides = f", except {', '.join(f'`{name}`' for name in hidden)}" if hidden else ""
    return f"`ai_worker`: {', '.join(said)}{besides}."


def _type(column: Column[Any]) -> str:
    name = str(column.type.compile(DIALECT)).lower()
    return f"{name}{'' if column.nullable else ' not null'}"


def _about(column: Column[Any], notes: dict[str, str], key: str) -> str:
    parts = []
    if column.primary_key:
        parts.append("primary key.")
    parts += [f"→ {key.target_fullname}." for key in column.foreign_keys]
    if column.computed is not None:
        parts.append("Generated.")
    return " ".join([*parts, notes.get(key, "")]).strip().replace("|", "\\|")


def _notes(model: type) -> dict[str, str]:
    """The texts that stand under the columns of a class."""
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for named, said in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(named, ast.AnnAssign)
            and isinstance(named.target, ast.Name)
            and isinstance(said, ast.Expr)
            and isinstance(said.value, ast.Constant)
        ):
            found[named.target.id] = _flat(str(said.value.value))
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


def write() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    write()
