"""Timing ways that do a thing many times at once: in turns, and by the quickest turn of each.

On a shared machine whatever else runs can only slow a turn down, and the kernel's turns, long and on all the vector units,
more than others; so the quickest turns are compared, each way having had the same chances.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 25
TURN_S = 0.012


@dataclass(frozen=True)
class Way:
    """One way of doing a thing.

    Attributes:
        name: what it is called in tables.
        call: does it.
        items: for so many codes, seeds or steps.
    """

    name: str
    call: Callable[[], object]
    items: int


def best_rates(ways: Sequence[Way], rounds: int = ROUNDS) -> dict[str, float]:
    """How many items each way does in a second."""
    calls = {way.name: _calls_in_a_turn(way) for way in ways}
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            times[way.name].append(_time_s(way.call, calls[way.name]))
    return {way.name: calls[way.name] * way.items / min(times[way.name]) for way in ways}


def _calls_in_a_turn(way: Way) -> int:
    way.call()
    return max(int(TURN_S / max(_time_s(way.call, 1), 1e-7)), 1)


def _time_s(call: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - started
