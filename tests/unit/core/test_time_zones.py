"""Names of time zones: those of the IANA database, and nothing of the machine."""

from zoneinfo import ZoneInfo

import pytest

from groundwork_core.time_zones import UnknownTimeZone, time_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_a_zone_of_the_database_is_found(name: str) -> None:
    assert time_zone(name) == ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "localtime", "posixrules", "right/UTC",
     "posix/UTC", "Factory", "", "\x00", "Europe"],
)  # fmt: skip
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone, match="is not a known time zone"):
        time_zone(name)
