"""Keys have one form, whatever their case and Unicode normalization form."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.functions.reference_extractor.test_statements import DOCUMENT, SOURCE

from groundwork_client import folded as folded_by_client
from groundwork_core.knowledge.keys import folded, name_of
from groundwork_core.knowledge.model import StatedEntity
from groundwork_core.knowledge.resources import EntityPatch, NewEntity
from groundwork_functions.reference_extractor.statements import state

NFC, NFD = "Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Key", "key"),
        (NFC, "caf\u00e9 z\u00fcrich"),
        (NFD, "caf\u00e9 z\u00fcrich"),
        ("STRASSE", "strasse"),
        ("Stra\u00dfe", "strasse"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3",
        ),
        ("\ufb01n", "fin"),  # a ligature
        ("\u01f0", "\u01f0"),  # folds to two characters, which compose again
        ("\u1fb3", "\u03b1\u03b9"),  # iota subscript
        ("\uac00", "\uac00"),
        ("\u1100\u1161", "\uac00"),  # Hangul of two characters
        ("\u212b", "\u00e5"),  # the sign of the \u00c5ngstr\u00f6m
        (" a  b ", " a  b "),
    ],
)
def test_a_key_of_an_entity_has_one_normal_form(text: str, key: str) -> None:
    assert folded(text) == key
    for form in (unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)):
        assert folded(form) == key
    entity = {"name": "n", "type": "topic", "key": text}
    assert NewEntity.model_validate(entity).key == key
    assert EntityPatch.model_validate({"key": text}).key == key
    assert StatedEntity.model_validate({**entity, "ref": "r"}).key == key


@given(st.text())
def test_folding_a_folded_key_changes_nothing(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert folded(unicodedata.normalize("NFD", text)) == once


def test_names_keep_their_case_and_are_composed() -> None:
    made = NewEntity.model_validate({"name": NFD, "type": "topic", "aliases": (NFD,)})
    assert (made.name, made.aliases) == (NFC, (NFC,))
    stated = {"ref": "r", "type": "topic", "key": "k", "name": NFD, "aliases": (NFD,)}
    assert StatedEntity.model_validate(stated).aliases == (NFC,)
    assert name_of("STRASSE") == "STRASSE"


@pytest.mark.parametrize("field", ["key", "name"])
def test_an_address_too_long_in_normal_form_is_refused(field: str) -> None:
    long = {"key": "\u0149" * 501, "name": "\u0958" * 501}[field]  # each becomes two characters
    entity = {"name": "n", "type": "topic", "key": "k", field: long}
    for model, given_ in ((NewEntity, entity), (StatedEntity, {**entity, "ref": "r"})):
        with pytest.raises(ValidationError, match="1,000 characters in normal form"):
            model.model_validate(given_)


def test_an_extractor_states_one_topic_of_both_spellings() -> None:
    document = replace(DOCUMENT, categories=(NFC, NFD, NFC.upper()))
    result = state(document, SOURCE, registrable_host=str).as_json()
    assert [one["key"] for one in result["entities"] if one["type"] == "topic"] == [folded(NFC)]


@given(st.text())
def test_the_client_folds_as_the_server_does(text: str) -> None:
    assert folded_by_client(text) == folded(text)
