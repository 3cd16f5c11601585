"""The people of an entry."""

import pytest

from .feed_texts import atom, json_feed, only, rss


def test_authors_of_rss_entries_are_found() -> None:
    several = "<dc:creator>Ann Smith</dc:creator><dc:creator>Bob Jones</dc:creator>"
    assert only(rss(several)).authors == ("Ann Smith", "Bob Jones")
    mixed = "<title>t</title><author>ann@team.online (Ann Smith)</author>"
    assert only(rss(f"{mixed}<dc:creator>Ann Smith</dc:creator>")).authors == ("Ann Smith",)
    assert only(rss("<title>t</title><author>bob@team.online</author>")).author is None
    assert only(rss("<title>t</title><itunes:author>The Crew</itunes:author>")).authors == (
        "The Crew",
    )


def test_the_owner_of_a_podcast_is_not_an_author() -> None:
    owner = "<itunes:owner><itunes:name>Owner</itunes:name></itunes:owner>"
    assert only(rss(f"<title>t</title>{owner}", owner)).authors == ()


def test_authors_of_atom_entries_are_found() -> None:
    feed = "<author><name>House</name></author>"
    own = "<author><name>Ann</name><email>ann@a.example</email></author>"
    assert only(atom("", feed)).authors == ("House",)
    assert only(atom(own + "<author><name>Bob</name></author>", feed)).authors == ("Ann", "Bob")
    # It has an author, whose name is not known: not the feed's.
    nameless = "<author><name/><email>ann@a.example</email></author>"
    assert only(atom(nameless, feed)).authors == ()
    source = "<source><title>Other</title><author><name>Elsewhere</name></author></source>"
    assert only(atom(source, feed)).authors == ("Elsewhere",)


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (', "authors": {"name": "Ann"}', ("Ann",)),
        (', "authors": [{"name": "Ann"}, {"name": "Bob"}]', ("Ann", "Bob")),
        (', "authors": ["Ann", "Bob"]', ("Ann", "Bob")),
        (', "authors": "Ann"', ("Ann",)),
        (', "authors": [], "author": {"name": "Bob"}', ("Bob",)),
        (', "authors": null, "author": "Bob"', ("Bob",)),
        (', "author": [{"name": "Bob"}]', ("Bob",)),
        (', "authors": [{"name": "ann@a.example"}]', ()),
        (', "authors": [{"url": "https://a.example/"}]', ()),
        (', "authors": [null, 7, {}]', ()),
        (', "authors": []', ("House",)),
        ("", ("House",)),
    ],
)
def test_authors_of_json_feed_items_are_found(item: str, names: tuple[str, ...]) -> None:
    assert only(json_feed(item)).authors == names
