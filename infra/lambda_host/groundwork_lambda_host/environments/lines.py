"""The calls that wait for an environment, in one line per caller, served in turn.

The environments of a function are shared as follows (docs/decisions/0056-serve-callers-in-turn.md):

- Each caller has its own line. The first calls of the lines start in turn, so that the waiting
  calls of one caller delay another by one call only.
- One caller keeps at most half of the environments busy, so that another's call starts at once.
- A lane is for calls of a kind that take long (hashing passwords, replaying live events). All
  calls of a lane together keep at most half of the environments busy, and one caller half of that.
- When too many calls wait, the longest line drops its newest call.

The host's own events (queues, schedules) have no caller and no such limits.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator

from groundwork_lambda_host.environments.invocation import Call


class Lines:
    """Waiting calls, and counts of running calls.

    Args:
        most: Maximum number of environments.
        wait_line: Maximum number of waiting calls.
    """

    def __init__(self, most: int, wait_line: int) -> None:
        self.share = half(most)
        self._most = most
        self._wait_line = wait_line
        self._length = 0
        self._busy: Counter[str] = Counter()
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    def __len__(self) -> int:
        return self._length

    @property
    def wanted(self) -> int:
        """Number of environments that could be busy, plus one for the next caller."""
        wanted = self._busy.total() + 1
        for lane in self._lanes.values():
            for line in lane.startable(self._busy, self.share):
                wanted += line
                if wanted >= self._most:
                    return self._most
        return wanted

    def may_begin(self, call: Call) -> bool:
        """Return whether a call may start if an environment is free."""
        place = call.place
        return not place.line or (
            self._busy[place.line] < self.share and self._lane(place.lane).has_room(place.line)
        )

    def add(self, call: Call) -> Call | None:
        """Add a waiting call; return the call that is dropped for it, which may be itself."""
        dropped = self._dropped(call) if self._length >= self._wait_line else None
        if dropped is not call:
            self._lane(call.place.lane).add(call)
            self._length += 1
        return dropped

    def next(self) -> Call | None:
        """Remove and return the next call that may start, or None."""
        for name, lane in self._lanes.items():
            call = lane.next(self._busy, self.share)
            if call is not None:
                self._lanes.move_to_end(name)
                self._length -= 1
                return call
        return None

    def discard(self, call: Call) -> None:
        """Remove a call whose caller no longer waits."""
        lane = self._lanes.get(call.place.lane)
        if lane is not None and lane.discard(call):
            self._length -= 1

    def begun(self, call: Call) -> None:
        """Count a started call."""
        self._busy[call.place.line] += 1
        self._lane(call.place.lane).begun(call.place.line)

    def ended(self, call: Call) -> None:
        """Count an ended call."""
        _count_down(self._busy, call.place.line)
        self._lanes[call.place.lane].ended(call.place.line)

    def clear(self) -> list[Call]:
        """Remove and return all calls."""
        calls = [call for lane in self._lanes.values() for call in lane.clear()]
        self._length = 0
        return calls

    def _lane(self, name: str) -> "_Lane":
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(half(self._most) if name else self._most)
        return lane

    def _dropped(self, newcomer: Call) -> Call:
        own = self._lane(newcomer.place.lane).length_of(newcomer.place.line)
        longest = max(
            (line for lane in self._lanes.values() for line in lane), key=len, default=None
        )
        if longest is None or len(longest) <= own + 1:
            return newcomer
        call = longest.newest()
        self.discard(call)
        return call


class _Lane:
    """The lines of one kind of calls."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = half(most)
        self._busy = 0
        self._busy_by_line: Counter[str] = Counter()
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    def __iter__(self) -> Iterator["_Line"]:
        return iter(self._lines.values())

    def has_room(self, line: str) -> bool:
        return self._busy < self._most and self._busy_by_line[line] < self._share

    def length_of(self, line: str) -> int:
        found = self._lines.get(line)
        return len(found) if found is not None else 0

    def add(self, call: Call) -> None:
        line = self._lines.get(call.place.line)
        if line is None:
            line = self._lines[call.place.line] = _Line()
        line.add(call)

    def next(self, busy: Counter[str], share: int) -> Call | None:
        if self._busy >= self._most:
            return None
        # At most two lines can have used up their share, so this skips at most two.
        for name, line in self._lines.items():
            if not name or (busy[name] < share and self._busy_by_line[name] < self._share):
                call = line.next()
                if line:
                    self._lines.move_to_end(name)
                else:
                    del self._lines[name]
                return call
        return None

    def startable(self, busy: Counter[str], share: int) -> Iterator[int]:
        """Yield how many calls of each line could start now."""
        room = self._most - self._busy
        for name, line in self._lines.items():
            own = min(share - busy[name], self._share - self._busy_by_line[name])
            fits = min(len(line), room, own if name else room)
            room -= fits
            yield fits

    def discard(self, call: Call) -> bool:
        line = self._lines.get(call.place.line)
        if line is None or not line.discard(call):
            return False
        if not line:
            del self._lines[call.place.line]
        return True

    def begun(self, line: str) -> None:
        self._busy += 1
        self._busy_by_line[line] += 1

    def ended(self, line: str) -> None:
        self._busy -= 1
        _count_down(self._busy_by_line, line)

    def clear(self) -> list[Call]:
        calls = [call for line in self for call in line]
        self._lines.clear()
        return calls


class _Line:
    """The waiting calls of one caller, in parts that are served in turn."""

    def __init__(self) -> None:
        self._parts: OrderedDict[str, OrderedDict[Call, None]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Call]:
        return (call for part in self._parts.values() for call in part)

    def add(self, call: Call) -> None:
        self._parts.setdefault(call.place.part, OrderedDict())[call] = None
        self._length += 1

    def next(self) -> Call:
        name, part = next(iter(self._parts.items()))
        call, _ = part.popitem(last=False)
        self._length -= 1
        if part:
            self._parts.move_to_end(name)
        else:
            del self._parts[name]
        return call

    def newest(self) -> Call:
        """Return the last call of the longest part."""
        longest: OrderedDict[Call, None] = max(self._parts.values(), key=len)
        return next(reversed(longest))

    def discard(self, call: Call) -> bool:
        part = self._parts.get(call.place.part)
        if part is None or call not in part:
            return False
        del part[call]
        self._length -= 1
        if not part:
            del self._parts[call.place.part]
        return True


def half(most: int) -> int:
    """Return half of a number of environments, but at least one."""
    return max(1, most // 2)


def _count_down(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
