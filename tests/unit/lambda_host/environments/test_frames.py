import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork_lambda_host.environments.frames import MessageReader, pack


@given(st.binary(max_size=60), st.binary(max_size=300), st.integers(1, 50))
def test_messages_are_whole_wherever_reads_are_cut(header: bytes, payload: bytes, cut: int) -> None:
    wire = pack(header, payload)
    messages = MessageReader()

    found = [messages.feed(wire[at : at + cut]) for at in range(0, len(wire), cut)]

    assert found[-1] == (header, payload)
    assert set(found[:-1]) <= {None}


def test_several_messages_are_read_one_after_the_other() -> None:
    messages = MessageReader()

    for number in range(3):
        wire = pack(b"h%d" % number, b"p" * number)
        assert messages.feed(wire[:3]) is None
        assert messages.feed(wire[3:]) == (b"h%d" % number, b"p" * number)


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
def test_an_empty_and_a_large_payload_pass(size: int) -> None:
    assert MessageReader().feed(pack(b"{}", b"x" * size)) == (b"{}", b"x" * size)
