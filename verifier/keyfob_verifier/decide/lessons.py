"""What the code of a likely step says of the offset, from a table of the arithmetic's answers.

A lesson depends on two numbers only: where the step lies from the fob's time as believed, and how unsure that is.
The table counts the first in deviations of all that blurs it, so that beliefs far apart still have like lessons.
"""

import math
from array import array
from functools import lru_cache
from itertools import count, pairwise
from typing import NamedTuple

from keyfob_verifier.decide.estimator import Delays, lesson

LIKELY = 1e-3
"""Steps less likely than this are not in the table."""
TABLE_COLUMNS = 8
"""For each deviation."""
TABLE_ROWS = 6
"""For each factor e of the offset's variance."""
SUREST = 0.125
"""Where the table begins, in deviations of the delay; it ends at one time step."""
SHORTEST_STEP = 0.25
"""In deviations of the delay: of shorter time steps none is likely, and they have no table."""
LONGEST_STEP = 12.0
"""In deviations of the delay: longer ones have none either, as nearly all of their lessons say nothing."""


class LessonTable(NamedTuple):
    """The lessons of every likely step, for one time step length and one kind of people.

    Attributes:
        centre_s: how long before the fob's time the likeliest step begins.
        delay_variance: of the typing delay, in s².
        lowest: the natural logarithm of the first row's variance.
        leftmost: the first column's place, counted from the likeliest step's.
        rows: how many rows of cells there are, the surest belief first.
        columns: how many columns of cells there are, the earliest step first.
        cells: of each row and column what two bilinear forms need: four numbers for the change of the offset's mean,
            in deviations of all that blurs it, and four for the share of the offset's variance that is left. The
            latter are not numbers where a corner of the cell is not a likely step.
    """

    centre_s: float
    delay_variance: float
    lowest: float
    leftmost: int
    rows: int
    columns: int
    cells: "array[float]"


def likely_lesson(table: LessonTable, start_s: float, offset_variance: float) -> tuple[float, float]:
    """The change of the offset's mean in s, and its new variance in s²; a variance of nought for what is not there.

    Args:
        table: where it is looked up.
        start_s: the step's beginning less the fob's time as believed, in seconds.
        offset_variance: of that belief, in s².
    """
    centre_s, delay_variance, lowest, leftmost, rows, columns, cells = table
    blurred_s = math.sqrt(offset_variance + delay_variance)
    down = (math.log(offset_variance) - lowest) * TABLE_ROWS
    along = (start_s + centre_s) / blurred_s * TABLE_COLUMNS - leftmost
    if not (0.0 <= down < rows and 0.0 <= along < columns):
        return 0.0, 0.0
    row, column = math.floor(down), math.floor(along)
    down -= row
    along -= column
    at = 8 * (row * columns + column)
    kept = cells[at + 4] + along * cells[at + 5] + down * (cells[at + 6] + along * cells[at + 7])
    if not kept > 0.0:
        return 0.0, 0.0
    change = cells[at] + along * cells[at + 1] + down * (cells[at + 2] + along * cells[at + 3])
    return change * blurred_s, kept * offset_variance


@lru_cache
def lesson_table(time_step_s: float, delays: Delays) -> LessonTable:
    """The table for a time step length and people, made once: a twentieth of a second in CPython."""
    mean_s = sum(weight * mean_s for weight, mean_s, _ in delays)
    square = sum(weight * (mean_s * mean_s + variance) for weight, mean_s, variance in delays)
    delay_variance = square - mean_s * mean_s
    centre_s = 0.5 * time_step_s + mean_s
    if not SHORTEST_STEP**2 * delay_variance <= time_step_s**2 <= LONGEST_STEP**2 * delay_variance:
        return LessonTable(centre_s, delay_variance, 0.0, 0, 0, 0, array("d"))
    lowest = math.log(SUREST**2 * delay_variance)
    nodes = [
        _likely_steps(math.exp(lowest + row / TABLE_ROWS), time_step_s, centre_s, delay_variance, delays)
        for row in range(math.ceil((math.log(time_step_s**2) - lowest) * TABLE_ROWS) + 1)
    ]
    leftmost = min(min(row) for row in nodes)
    columns = max(max(row) for row in nodes) - leftmost
    cells = array("d")
    for above, below in pairwise(nodes):
        for column in range(leftmost, leftmost + columns):
            corners = (above.get(column), above.get(column + 1), below.get(column), below.get(column + 1))
            cells.extend(_cell([corner for corner in corners if corner is not None]))
    return LessonTable(centre_s, delay_variance, lowest, leftmost, len(nodes) - 1, columns, cells)


def _likely_steps(
    offset_variance: float, time_step_s: float, centre_s: float, delay_variance: float, delays: Delays
) -> dict[int, tuple[float, float]]:
    """The lessons of one row's likely steps by column, outwards from the likeliest."""
    blurred_s = math.sqrt(offset_variance + delay_variance)
    lessons = {}
    for outwards in (count(0), count(-1, -1)):
        for column in outwards:
            start_s = column / TABLE_COLUMNS * blurred_s - centre_s
            chance, change_s, left = lesson(start_s, time_step_s, offset_variance, delays)
            if chance < LIKELY:
                break
            lessons[column] = change_s / blurred_s, left / offset_variance
    return lessons


def _cell(corners: list[tuple[float, float]]) -> list[float]:
    if len(corners) < 4:
        return [math.nan] * 8
    return [
        number
        for a, along, down, across in zip(*corners, strict=True)
        for number in (a, along - a, down - a, across - down - along + a)
    ]
