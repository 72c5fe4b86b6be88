"""The display as lines of text, for a terminal."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob_firmware.display import BAR_PARTS, SEGMENTS, Icon, Lit, first_group

_BETWEEN_CELLS = " "
_BETWEEN_GROUPS = "   "
_WORDS = {Icon.BATTERY: "BAT", Icon.LOCK: "LOCK", Icon.ERROR: "ERR"}


@dataclass(frozen=True, slots=True)
class Strokes:
    """What to draw with.

    Attributes:
        rows: a cell, line by line: where each segment's strokes are, by its letter.
        segments: the stroke of each segment.
        bar_lit: a lit part of the bar.
        bar_unlit: an unlit one.
    """

    rows: tuple[str, ...]
    segments: Mapping[str, str]
    bar_lit: str
    bar_unlit: str


ASCII = Strokes((" a ", "fgb", "edc"), dict(zip(SEGMENTS, "_||_||_", strict=True)), "#", ".")
UNICODE = Strokes(
    (" aa ", "f  b", " gg ", "e  c", " dd "), dict(zip(SEGMENTS, "━┃┃━┃┃━", strict=True)), "▰", "▱"
)


def draw_text(lit: Lit, strokes: Strokes = UNICODE) -> str:
    """Lines of one width: the cells in the groups that people read a code in, and below them the bar and the icons.

    They are three and one lines in ASCII, five and one in Unicode.
    """
    lines = [_line(lit, row, strokes) for row in strokes.rows]
    bar = "".join(strokes.bar_lit if part in lit.bar else strokes.bar_unlit for part in range(BAR_PARTS))
    icons = " ".join(word if icon in lit.icons else " " * len(word) for icon, word in _WORDS.items())
    return "\n".join([*lines, bar + icons.rjust(len(lines[0]) - len(bar))])


def _line(lit: Lit, row: str, strokes: Strokes) -> str:
    cells = [
        "".join(strokes.segments[spot] if spot in segments else " " for spot in row) for segments in lit.cells
    ]
    middle = first_group(len(cells))
    return _BETWEEN_GROUPS.join(_BETWEEN_CELLS.join(group) for group in (cells[:middle], cells[middle:]))
