from sqlalchemy.orm import configure_mappers

from groundwork_data import orm
from groundwork_data.postgres.tables import Row

from .orm_page import MARK, PAGE, page


def test_the_page_describes_every_model_as_it_is() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.unit.docs.orm_page`"


def test_a_change_by_hand_below_the_mark_is_found() -> None:
    changed = PAGE.read_text().replace("### Job (", "### Work (")
    assert changed != page()


def test_the_page_names_the_exports_of_the_package() -> None:
    above = PAGE.read_text().split(MARK)[0]
    assert {name for name in orm.__all__ if name[0].islower()} == {"learn_model", "session"}
    assert "session(" in above
    assert "learn_model(" in above


def test_every_model_is_described_and_every_foreign_key_has_a_relationship() -> None:
    """A relationship is made with `parent` and `children` of `postgres/tables/links.py`."""
    configure_mappers()
    for mapper in Row.registry.mappers:
        assert (mapper.class_.__doc__ or "").strip(), mapper
        linked = {column for link in mapper.relationships for column in link.local_columns}
        named = {column for column in mapper.local_table.columns if column.foreign_keys}
        assert named <= linked, mapper
