"""The smallest run of steps that holds enough of the chance: by arithmetic, and from a map of the arithmetic's answers.

The run depends on two numbers only: where in its step the fob's time is believed to be, and how unsure that is.
"""

import math
from array import array
from functools import cache, lru_cache
from typing import NamedTuple

from keyfob_verifier.decide.estimator import Delays, chance_before

MAP_COLUMNS = 64
"""Cells of the map for one time step."""
MAP_ROWS = 24
"""Cells for each factor e of the offset's variance."""
SUREST_VARIANCE = 0.25
"""Where the map begins, in s²: half a second of doubt, which takes thirty logins a day. It ends at one time step."""

_LOWEST = math.log(SUREST_VARIANCE)
_BLOCK = 16
_UNDECIDED = (1, 0)


class RunRule(NamedTuple):
    """What a run depends on besides the belief.

    Attributes:
        time_step_s: X in seconds.
        delay_median_s: the median of the typing delay.
        delays: how long before its arrival a code may have been read.
        alpha: the chance that may be left outside.
        max_steps: the longest run.
    """

    time_step_s: float
    delay_median_s: float
    delays: Delays
    alpha: float
    max_steps: int


class RunMap(NamedTuple):
    """The runs of one rule, where they are beyond doubt.

    Attributes:
        rule: whose they are.
        rows: how many rows of `MAP_COLUMNS` cells there are, the surest belief first.
        cells: first and last step of each cell's run, counted from the step that the fob's time is believed to be
            in; the last before the first in a cell that a border between runs crosses.
    """

    rule: RunRule
    rows: int
    cells: "array[int]"


def likely_run(runs: RunMap, fob_s: float, offset_variance: float) -> tuple[int, int]:
    """The run of `smallest_run`, found on the map where it is there.

    Args:
        runs: the map.
        fob_s: the fob's time as believed, in seconds since T0.
        offset_variance: of that belief, in s².
    """
    rule = runs.rule
    steps = fob_s / rule.time_step_s
    step = math.floor(steps)
    column = (steps - step) * MAP_COLUMNS
    row = (math.log(offset_variance) - _LOWEST) * MAP_ROWS
    if 0.0 <= row < runs.rows and column < MAP_COLUMNS:
        cell = 2 * (math.floor(row) * MAP_COLUMNS + math.floor(column))
        first, last = runs.cells[cell], runs.cells[cell + 1]
        if first <= last:
            return step + first, step + last
    return smallest_run(rule, fob_s, offset_variance)


def smallest_run(rule: RunRule, fob_s: float, offset_variance: float) -> tuple[int, int]:
    """First and last of the smallest run of steps that holds 1 − alpha of the chance, or of the likeliest `max_steps`.

    It grows by its likelier neighbour. It starts with the step that the median person reads, which is in every
    run that holds more than half of the chance, the likeliest step with it.
    """
    length_s, delays, variance = rule.time_step_s, rule.delays, offset_variance
    first = last = math.floor((fob_s - rule.delay_median_s) / length_s)
    earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
    before = chance_before(first * length_s - fob_s, variance, delays)
    within = chance_before((last + 1) * length_s - fob_s, variance, delays)
    later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    while within - before < 1.0 - rule.alpha and last - first + 1 < rule.max_steps:
        if before - earlier > later - within:
            first -= 1
            before = earlier
            earlier = chance_before((first - 1) * length_s - fob_s, variance, delays)
        else:
            last += 1
            within = later
            later = chance_before((last + 2) * length_s - fob_s, variance, delays)
    return first, last


@lru_cache
def run_map(rule: RunRule) -> RunMap:
    """The map for a rule, made once: a twentieth of a second in CPython.

    A block of cells is of one run where its corners and its middle are; any other is halved until it is one cell,
    which stays undecided. A tongue of another run between those five points is missed where it is so thin that its
    chance is within a hundredth of alpha of the threshold.
    """
    rows = math.ceil(max(math.log(rule.time_step_s**2) - _LOWEST, 0.0) * MAP_ROWS)
    cells = array("h", _UNDECIDED) * (rows * MAP_COLUMNS)

    @cache
    def run_at(column: float, row: float) -> tuple[int, int]:
        fob_s = column / MAP_COLUMNS * rule.time_step_s
        return smallest_run(rule, fob_s, math.exp(_LOWEST + row / MAP_ROWS))

    def fill(left: int, right: int, low: int, high: int) -> None:
        run = run_at(left, low)
        corners_agree = run == run_at(right, low) == run_at(left, high) == run_at(right, high)
        if corners_agree and run == run_at(0.5 * (left + right), 0.5 * (low + high)):
            for row in range(low, high):
                start = 2 * (row * MAP_COLUMNS + left)
                cells[start : start + 2 * (right - left)] = array("h", run) * (right - left)
        elif right - left >= max(high - low, 2):
            middle = (left + right) // 2
            fill(left, middle, low, high)
            fill(middle, right, low, high)
        elif high - low > 1:
            middle = (low + high) // 2
            fill(left, right, low, middle)
            fill(left, right, middle, high)

    for low in range(0, rows, _BLOCK):
        for left in range(0, MAP_COLUMNS, _BLOCK):
            fill(left, left + _BLOCK, low, min(low + _BLOCK, rows))
    return RunMap(rule, rows, cells)
