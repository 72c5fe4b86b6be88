"""The button: from the chatter of a contact to presses.

A contact bounces for some milliseconds when it closes and when it opens. The firmware believes a level once it has
held for `DEBOUNCE_S`, and tells a long press from a short one by how long the contact stayed closed.
"""

import enum
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

DEBOUNCE_S = 0.02
LONG_S = 1.5
"""From here on a press is a long one."""

SHORT_PRESS_S = 0.15
LONG_PRESS_S = 2.0
"""How long people hold it who mean one or the other."""

BOUNCES = 8
BOUNCE_S = 0.001


class ButtonCondition(enum.StrEnum):
    """How well it works."""

    GOOD = "good"
    BOUNCING = "bouncing"
    STUCK = "stuck"


class Press(NamedTuple):
    """A debounced press.

    Attributes:
        closed_at: seconds, when the contact closed.
        held_s: for how long.
    """

    closed_at: float
    held_s: float

    @property
    def is_long(self) -> bool:
        """Whether it was held on purpose."""
        return self.held_s >= LONG_S


class Edge(NamedTuple):
    """The contact changes.

    Attributes:
        at: seconds.
        closed: what it is from then on.
    """

    at: float
    closed: bool


def contact(condition: ButtonCondition, held_s: float) -> list[Edge]:
    """What the contact does when a finger presses the button from second 0 on."""
    match condition:
        case ButtonCondition.GOOD:
            return [Edge(0.0, True), Edge(held_s, False)]
        case ButtonCondition.BOUNCING:
            return [*_bouncing(0.0, True), *_bouncing(held_s, False)]
        case ButtonCondition.STUCK:
            return []


def presses(edges: Iterable[Edge]) -> list[Press]:
    """The presses in what a contact did, in order of time; one that has not ended is none yet."""
    found: list[Press] = []
    closed_at: float | None = None
    for edge in _settled(edges):
        if edge.closed and closed_at is None:
            closed_at = edge.at
        elif not edge.closed and closed_at is not None:
            found.append(Press(closed_at, edge.at - closed_at))
            closed_at = None
    return found


def _settled(edges: Iterable[Edge]) -> list[Edge]:
    """The edges whose level held for `DEBOUNCE_S`."""
    listed = list(edges)
    ends = [edge.at for edge in listed[1:]]
    return [
        edge for place, edge in enumerate(listed) if place == len(ends) or ends[place] - edge.at >= DEBOUNCE_S
    ]


def _bouncing(at: float, closed: bool) -> list[Edge]:
    return [Edge(at + n * BOUNCE_S, closed ^ bool(n % 2)) for n in range(BOUNCES + 1)]


@cache
def felt(condition: ButtonCondition, held_s: float) -> tuple[Press, ...]:
    """The presses that the firmware feels when a finger holds the button for so long."""
    return tuple(presses(contact(condition, held_s)))
