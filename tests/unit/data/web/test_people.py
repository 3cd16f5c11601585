import pytest

from groundwork_data.web.people import people, people_in


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("Ann Smith", ["Ann Smith"]),
        ("ann@studio.design (Ann Smith)", ["Ann Smith"]),
        ("ann@studio.design(Ann Smith)", ["Ann Smith"]),
        ("müller@exämple.de (Jörg Müller)", ["Jörg Müller"]),
        ("ann@localhost (Ann)", ["Ann"]),
        ("ann@[127.0.0.1] (Ann)", ["Ann"]),
        ("Ann Smith <ann+list@site.museum>", ["Ann Smith"]),
        ("Ann Smith &lt;ann@site.org&gt;", ["Ann Smith"]),
        ('"Smith, Ann" <ann@site.org>', ["Smith, Ann"]),
        ("Ann Smith (mailto:ann@site.org)", ["Ann Smith"]),
        ("Ann Smith mailto:ann@site.org?subject=Hi", ["Ann Smith"]),
        ("Ann Smith [ann@site.org]", ["Ann Smith"]),
        ("Ann Smith, ann@site.org", ["Ann Smith"]),
        ("Ann Smith (ann at site dot org)", ["Ann Smith"]),
        ("ann (at) site.org (Ann Smith)", ["Ann Smith"]),
        ("Ann Smith (https://site.org/ann)", ["Ann Smith"]),
        ("<a href='/ann'>Ann Smith</a>", ["Ann Smith"]),
        ("By Ann Smith", ["Ann Smith"]),
        ("Byron Katie", ["Byron Katie"]),
        ("Cleo Park (Desk)", ["Cleo Park (Desk)"]),
        ("Cleo Park (Desk) (cleo@site.org)", ["Cleo Park (Desk)"]),
        ("Cleo Park (Desk", ["Cleo Park Desk"]),
        ("(Ann Smith)", ["Ann Smith"]),
        ("Smith, A.; Jones, B.", ["Smith, A.", "Jones, B."]),
        ("ann@a.org (Ann), bob@b.org (Bob)", ["Ann", "Bob"]),
        ("Ann Smith and Bob Jones", ["Ann Smith and Bob Jones"]),
        ("Anne-Marie O'Neil", ["Anne-Marie O'Neil"]),
        ("Tom &amp; Co", ["Tom & Co"]),
        ("@ann", ["@ann"]),
    ],
)
def test_a_name_is_found_beside_an_address(stated: str, expected: list[str]) -> None:
    assert list(people_in(stated)) == expected


@pytest.mark.parametrize(
    "stated",
    ["bob@team.online", "<bob@team.online>", "mailto:bob@team.online", "bob@team.online ()",
     "bob@team.online (bob@team.online)", "bob@", "bob(at)team.online", "bob [at] team.online",
     "@bob@social.example", "https://site.org/bob", "www.site.org", "", "  ", "-", "()", None, 7],
)  # fmt: skip
def test_an_email_address_alone_is_not_an_author(stated: object) -> None:
    assert people_in(stated) == ()


def test_each_person_counts_once_whatever_the_case() -> None:
    assert people(["Ann Smith", "ANN SMITH", "ann@site.org (Ann Smith)", "Bob"]) == (
        "Ann Smith",
        "Bob",
    )
