"""The fob's display: what its firmware shows on it, which segments light, and what a person then reads.

The segments of a cell go by their usual letters: a at the top, b and c down the right side, d at the bottom,
e and f up the left side, g in the middle.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeAlias

from keyfob_firmware.errors import InvalidDisplayError, UnshowableCharacterError

SEGMENTS = "abcdefg"
CELL_COUNTS = range(6, 11)
BAR_PARTS = 6
"""Of the bar that tells how long the code still holds."""

ILLEGIBLE = "?"
"""Stands for a cell whose segments look like no character."""


class Icon(StrEnum):
    """A sign beside the digits."""

    BATTERY = "battery"
    LOCK = "lock"
    ERROR = "error"


Segment: TypeAlias = tuple[int, str]
"""A cell, counted from 0 at the left, and one of its `SEGMENTS`."""

Part: TypeAlias = Segment | int | Icon
"""Whatever lights or stays unlit as a whole: a segment, a part of the bar counted from 0 at the left, or an icon."""

_FONT = {
    "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg", "4": "bcfg",
    "5": "acdfg", "6": "acdefg", "7": "abc", "8": "abcdefg", "9": "abcdfg",
    " ": "", "-": "g", "_": "d",
    "A": "abcefg", "b": "cdefg", "C": "adef", "d": "bcdeg", "E": "adefg", "F": "aefg", "G": "acdef",
    "H": "bcefg", "I": "ef", "J": "bcde", "K": "acefg", "L": "def", "M": "aceg", "n": "ceg",
    "o": "cdeg", "P": "abefg", "q": "abcfg", "r": "eg", "S": "acdfg", "t": "defg", "U": "bcdef",
    "v": "cde", "W": "bdfg", "X": "bcefg", "Y": "bcdfg", "Z": "abdeg",
}  # fmt: skip
"""Each character in the case that its segments look like. Five and S look alike, and so do 2 and Z, H and X."""

_SHAPES = {
    case: frozenset(segments)
    for character, segments in _FONT.items()
    for case in (character.lower(), character.upper())
}
_READINGS = {frozenset(segments): character for character, segments in reversed(_FONT.items())}
"""What each shape reads as: of two that look alike the one that `_FONT` names first, so digits before letters."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the firmware wants seen. A dark screen is all blanks, without bar and icons.

    Attributes:
        cells: a character for each cell, left to right: digits, letters of either case, blank, '-' and '_'.
        bar: how many parts of the remaining-time bar are lit, from the left.
        icons: those that are lit.

    Raises:
        InvalidDisplayError: there are fewer than 6 or more than 10 cells, or the bar has no such length.
        UnshowableCharacterError: seven segments cannot show one of the characters.
    """

    cells: str
    bar: int = 0
    icons: frozenset[Icon] = frozenset()

    def __post_init__(self) -> None:
        if len(self.cells) not in CELL_COUNTS:
            allowed = f"{CELL_COUNTS[0]} to {CELL_COUNTS[-1]} characters"
            raise InvalidDisplayError("cells", f"{len(self.cells)} of them", allowed)
        for character in self.cells:
            if character not in _SHAPES:
                raise UnshowableCharacterError(character)
        if self.bar not in range(BAR_PARTS + 1):
            raise InvalidDisplayError("bar", self.bar, f"0 to {BAR_PARTS} parts")


@dataclass(frozen=True, slots=True)
class Lit:
    """What really lights.

    Attributes:
        cells: the lit segments of each cell.
        bar: the lit parts of the bar, each 0 to `BAR_PARTS` - 1.
        icons: the lit icons.
    """

    cells: tuple[frozenset[str], ...]
    bar: frozenset[int]
    icons: frozenset[Icon]

    @classmethod
    def of_parts(cls, cell_count: int, parts: Iterable[Part]) -> Self:
        """A display of so many cells on which these parts light."""
        lit = frozenset(parts)
        return cls(
            tuple(frozenset(s for s in SEGMENTS if (cell, s) in lit) for cell in range(cell_count)),
            frozenset(part for part in range(BAR_PARTS) if part in lit),
            frozenset(icon for icon in Icon if icon in lit),
        )

    @property
    def parts(self) -> frozenset[Part]:
        """All that lights, in one set."""
        return frozenset[Part]().union(
            ((cell, segment) for cell, segments in enumerate(self.cells) for segment in segments),
            self.bar,
            self.icons,
        )


def lit(screen: Screen, dead: frozenset[Segment] = frozenset()) -> Lit:
    """What lights of a screen on a display with dead segments. Those that the display does not have change nothing."""
    return Lit(
        tuple(
            frozenset(segment for segment in _SHAPES[character] if (cell, segment) not in dead)
            for cell, character in enumerate(screen.cells)
        ),
        frozenset(range(screen.bar)),
        screen.icons,
    )


def seen(lit: Lit) -> str:
    """What a person reads: for each cell the character that its segments look like, or `ILLEGIBLE`.

    A letter comes in the case that it looks like, and a digit goes before a letter: "PASS" reads as "PA55".
    """
    return "".join(_READINGS.get(segments, ILLEGIBLE) for segments in lit.cells)


def describe(lit: Lit) -> str:
    """The whole display in words, for those who cannot see it."""
    if not lit.parts:
        return "The display is dark."
    text = seen(lit)
    read = " ".join(group_digits(text)) if text.isdigit() else text.strip()
    bar = f"{len(lit.bar)} of {BAR_PARTS} parts of the bar" if lit.bar else ""
    icons = (f"the {icon} icon" for icon in Icon if icon in lit.icons)
    return f"The display shows {', '.join(filter(None, (read, bar, *icons)))}."


def bar_for(left_s: float, time_step_s: float) -> int:
    """How many parts of the bar to light when a code holds for so long yet: at least one while any time is left."""
    return max(0, min(BAR_PARTS, math.ceil(BAR_PARTS * left_s / time_step_s)))


def first_group(cell_count: int) -> int:
    """How many of the cells, or of a code's digits, stand in the first of two groups: half of them, or one more."""
    return (cell_count + 1) // 2


def group_digits(code: str) -> list[str]:
    """The code in two groups, as people read it."""
    middle = first_group(len(code))
    return [code[:middle], code[middle:]]
