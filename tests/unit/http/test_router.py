import pytest

from groundwork_runtime.http.router import SIGNED_IN, Router, UndeclaredAccess


def handler() -> None:
    """Do nothing."""


def test_a_route_that_says_nothing_of_who_may_call_it_is_refused() -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things")(handler)


def test_a_route_cannot_be_open_and_need_something() -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things", needs="things:read", open="why not")(handler)


@pytest.mark.parametrize("needs", ["things", "things:delete", "", "admin"])
def test_what_a_route_needs_is_a_permission(needs: str) -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things", needs=needs)(handler)


def test_a_route_that_says_it_is_registered() -> None:
    router = Router()
    router.get("/a", needs="things:read")(handler)
    router.post("/b", needs=SIGNED_IN)(handler)
    router.delete("/c", open="a reason")(handler)
    assert [one.path for one in router.operations] == ["/a", "/b", "/c"]
