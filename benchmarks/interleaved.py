"""Timing several ways of doing one thing in turns, so that a noisy machine is noisy for all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping

from figures import Figure

ROUNDS = 25
ROUND_S = 0.02


def medians_s(ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The median time of one call of each way, over rounds taken in turns."""
    calls = {name: _calls_in_a_round(way) for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(_time_s(way, calls[name]) / calls[name])
    return {name: statistics.median(measured) for name, measured in times.items()}


def compare(section: str, ways: Mapping[str, Callable[[], object]], reference: str) -> list[Figure]:
    """The medians as figures: how many times as fast as the reference each way is."""
    measured = medians_s(ways)
    return [
        Figure(section, way, seconds * 1e6, "µs", measured[reference] / seconds, reference)
        for way, seconds in measured.items()
    ]


def _calls_in_a_round(way: Callable[[], object]) -> int:
    way()
    return max(int(ROUND_S / max(_time_s(way, 3) / 3, 1e-7)), 1)


def _time_s(way: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        way()
    return time.perf_counter() - started
