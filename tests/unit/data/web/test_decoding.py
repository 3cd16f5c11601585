import codecs
import time

import pytest

from groundwork_data.web.decoding import decode, encoding_of

TEXT = "<rss>Grüße, Сегодня, 日本</rss>"
GERMAN = "<rss>Grüße</rss>"
RUSSIAN = "<rss>Сегодня дождь</rss>"


def declared(encoding: str, text: str = RUSSIAN) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}'


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        # Bytes that are UTF-8 are, whatever is said of them.
        (GERMAN.encode(), "text/xml; charset=iso-8859-1", "utf-8"),
        (declared("latin-1", GERMAN).encode(), None, "utf-8"),
        # The Content-Type comes before the declaration.
        (declared("utf-8").encode("cp1251"), "text/xml; charset=windows-1251", "cp1251"),
        (declared("koi8-r").encode("cp1251"), 'text/xml; charset="Windows-1251"', "cp1251"),
        (declared("utf-8").encode("shift_jis"), "text/xml;charset=Shift_JIS", "cp932"),
        # The declaration comes before a guess, also where the Content-Type is wrong.
        (declared("windows-1251").encode("cp1251"), "text/xml", "cp1251"),
        (declared("windows-1251").encode("cp1251"), "text/xml; charset=utf-8", "cp1251"),
        (declared("windows-1251").encode("cp1251"), "text/xml; charset=us-ascii", "cp1251"),
        (declared("windows-1251").encode("cp1251"), "text/xml; charset=nonsense", "cp1251"),
        (b"\r\n \t" + declared("koi8-r").encode("koi8-r"), None, "koi8-r"),
        (b"<!-- made by a program -->" + declared("koi8-r").encode("koi8-r"), None, "koi8-r"),
        (b"<?xml version='1.0' encoding='iso-2022-jp'?>", None, "iso2022_jp"),
        # Latin 1 means Windows-1252 in practice, and is the guess.
        (GERMAN.encode("latin-1"), "text/xml; charset=ISO-8859-1", "cp1252"),
        (GERMAN.encode("latin-1"), "text/xml; charset=utf-8", "cp1252"),
        (GERMAN.encode("latin-1"), None, "cp1252"),
        (b"<rss>ascii</rss>", "text/xml", "utf-8"),
        # What a declaration cannot mean, and what is no encoding of texts.
        (declared("utf-16", "<rss/>").encode(), None, "utf-8"),
        (declared("utf-7", "<rss/>").encode(), None, "utf-8"),
        (declared("hex", "<rss/>").encode(), None, "utf-8"),
    ],
)
def test_the_encoding_is_chosen_by_mark_header_and_declaration(
    body: bytes, content_type: str | None, expected: str
) -> None:
    assert encoding_of(body, content_type) == (expected, 0)


@pytest.mark.parametrize("content_type", [None, "text/xml; charset=utf-8"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("before", ["", "\n", "\ufeff"])
def test_wide_characters_are_recognised_without_a_byte_order_mark(
    encoding: str, before: str, content_type: str | None
) -> None:
    assert decode((before + TEXT).encode(encoding), content_type) == TEXT


def test_a_byte_order_mark_decides_the_encoding_and_is_removed() -> None:
    body = codecs.BOM_UTF8 + b"\r\n" + TEXT.encode()
    assert decode(body, "text/xml; charset=windows-1251") == TEXT


@pytest.mark.parametrize("wrong", [b"\xd0", b"\xff", b"\x80", b"\xe2\x82", b"\xc0"])
def test_an_invalid_byte_replaces_one_character(wrong: bytes) -> None:
    body = declared("utf-8", TEXT.replace("日", "@")).encode().replace(b"@", wrong)
    assert decode(body, None) == declared("utf-8", TEXT.replace("日", "\ufffd"))


def test_a_wrong_byte_alone_in_a_text_of_ascii_costs_one_character_too() -> None:
    assert decode(b"<rss>cut \xd0 here</rss>", None) == "<rss>cut \ufffd here</rss>"
    assert decode(b"<rss>\xd0 and \xd0</rss>", None) == "<rss>\ufffd and \ufffd</rss>"
    # Beside a letter it is a letter of a Western encoding.
    assert decode(b"<rss>caf\xe9 au lait</rss>", None) == "<rss>café au lait</rss>"
    assert decode(b"<rss>it\x92s</rss>", None) == "<rss>it’s</rss>"  # noqa: RUF001 - the point


def test_a_wrong_byte_in_another_encoding_costs_one_character() -> None:
    body = declared("windows-1251").encode("cp1251").replace(b" ", b"\x98", 1)
    assert decode(body, "text/xml; charset=windows-1251").count("\ufffd") == 1
    body = declared("euc-jp", "<rss>日@本</rss>").encode("euc-jp").replace(b"@", b"\xff")
    assert decode(body, None).count("\ufffd") == 1


def test_many_wrong_bytes_take_no_long_time() -> None:
    started = time.process_time()
    decode(RUSSIAN.encode("cp1251") * 200_000, None)
    decode(b"\xd0" * 4_000_000, None)
    assert time.process_time() - started < 5
