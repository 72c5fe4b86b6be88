"""Where everything is on the fob's glass, and in which tones: one place for all that draw it or read it.

Lengths are in abstract units, x to the right and y down. A tone is a share of ink on the glass, 0.0 to 1.0.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from keyfob_firmware.display import BAR_PARTS, Icon, Part, first_group

Point: TypeAlias = tuple[float, float]
Polygon: TypeAlias = tuple[Point, ...]

GLASS_RGB = (0xB9, 0xC4, 0xAA)
INK_RGB = (0x16, 0x1C, 0x16)

BEZEL_TONE = 0.84
SHADE_TONE = 0.17
SHADOW_TONE = 0.16
"""Of a lit part on the reflector behind the glass."""
GHOST_TONE = 0.035
"""Of an unlit part: its electrode is not quite invisible."""
LIT_TONE = 0.96

SHADOW_OFFSET = (1.3, 1.6)

HEIGHT = 106
_MARGIN = 17
_ICONS_TOP = 13.0
_CELLS_TOP = 32.0
_BAR_TOP = 89.0
_BAR_HEIGHT = 5.0
_BAR_GAP = 3.0

_CELL_WIDTH = 28
_CELL_HEIGHT = 50
_CELL_GAP = 11
_GROUP_GAP = 8
_STROKE = 6.5
_SEGMENT_GAP = 0.8
_CORNER = 1.8
_SLANT = 0.1
_LEAN = 5
"""How far the top of a cell leans over its foot."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The shape of a part. Its first polygon is convex."""

    part: Part
    polygons: tuple[Polygon, ...]

    @property
    def middle(self) -> Point:
        """A point well within the shape."""
        xs, ys = zip(*self.polygons[0], strict=True)
        return sum(xs) / len(xs), sum(ys) / len(ys)


@dataclass(frozen=True, slots=True)
class Plate:
    """A rectangle of one tone with round corners, by its left, top, right and bottom edge."""

    box: tuple[float, float, float, float]
    radius: float
    tone: float


@dataclass(frozen=True, slots=True)
class Glass:
    """The whole display.

    Attributes:
        cell_count: how many cells it has.
        width: in units; its height is `HEIGHT`.
        plates: what lies under the marks, the lowest first.
        marks: all that can light.
        bezel: points on the bezel, which is always dark.
        clear: points that nothing ever darkens, within the two loops of each cell.
    """

    cell_count: int
    width: int
    plates: tuple[Plate, ...]
    marks: tuple[Mark, ...]
    bezel: tuple[Point, ...]
    clear: tuple[Point, ...]


@functools.cache
def glass(cell_count: int) -> Glass:
    """The glass for so many cells. Each count has a width of its own."""
    middle = first_group(cell_count)
    lefts = [
        float(_MARGIN + cell * (_CELL_WIDTH + _CELL_GAP) + (_GROUP_GAP if cell >= middle else 0))
        for cell in range(cell_count)
    ]
    right = int(lefts[-1]) + _CELL_WIDTH + _LEAN
    width = right + _MARGIN
    return Glass(
        cell_count,
        width,
        _plates(width),
        (*_cells(lefts), *_bar(right), *_icons(right)),
        tuple((x, y) for x in (2.0, width / 2, width - 2.0) for y in (2.0, HEIGHT - 2.0)),
        tuple(
            _on_glass((_CELL_WIDTH / 2, y), left)
            for left in lefts
            for y in (_CELL_HEIGHT * 0.3, _CELL_HEIGHT * 0.7)
        ),
    )


def blend(tone: float) -> tuple[int, int, int]:
    """The colour of a tone, as red, green and blue."""
    red, green, blue = (
        round(paper + (ink - paper) * tone) for paper, ink in zip(GLASS_RGB, INK_RGB, strict=True)
    )
    return red, green, blue


def _plates(width: float) -> tuple[Plate, ...]:
    """The bezel, the shade that it casts on the glass, and the glass in the light."""
    return (
        Plate((0.0, 0.0, width, HEIGHT), 0.0, BEZEL_TONE),
        Plate((4.0, 4.0, width - 4.0, HEIGHT - 4.0), 5.0, SHADE_TONE),
        Plate((5.5, 6.0, width - 4.0, HEIGHT - 4.0), 4.0, 0.0),
    )


def _cells(lefts: list[float]) -> Iterator[Mark]:
    segments = _segments()
    for cell, left in enumerate(lefts):
        for name, polygon in segments.items():
            yield Mark((cell, name), (tuple(_on_glass(point, left) for point in polygon),))


def _segments() -> dict[str, Polygon]:
    """The segments of an upright cell from its left top corner, mitred where they meet and with gaps between."""
    stroke, gap, middle = _STROKE, _SEGMENT_GAP, _CELL_HEIGHT / 2
    top: Polygon = (
        (_CORNER + gap, 0.0),
        (_CELL_WIDTH - _CORNER - gap, 0.0),
        (_CELL_WIDTH - _CORNER / 2 - gap, _CORNER / 2),
        (_CELL_WIDTH - stroke - gap, stroke),
        (stroke + gap, stroke),
        (_CORNER / 2 + gap, _CORNER / 2),
    )
    upper_left: Polygon = (
        (0.0, _CORNER + gap),
        (_CORNER / 2, _CORNER / 2 + gap),
        (stroke, stroke + gap),
        (stroke, middle - stroke / 2 - gap),
        (stroke / 2, middle - gap),
        (0.0, middle - gap),
    )
    left_half: Polygon = (
        (stroke + gap, middle + stroke / 2),
        (stroke / 2 + gap, middle),
        (stroke + gap, middle - stroke / 2),
    )
    return {
        "a": top,
        "b": _mirrored(upper_left),
        "c": _flipped(_mirrored(upper_left)),
        "d": _flipped(top),
        "e": _flipped(upper_left),
        "f": upper_left,
        "g": left_half + _flipped(_mirrored(left_half)),
    }


def _mirrored(polygon: Polygon) -> Polygon:
    return tuple((_CELL_WIDTH - x, y) for x, y in polygon)


def _flipped(polygon: Polygon) -> Polygon:
    return tuple((x, _CELL_HEIGHT - y) for x, y in polygon)


def _on_glass(point: Point, left: float) -> Point:
    """A point of an upright cell, where it is in the slanted one whose foot begins at `left`."""
    x, y = point
    return left + x + (_CELL_HEIGHT - y) * _SLANT, _CELLS_TOP + y


def _bar(right: float) -> Iterator[Mark]:
    pitch = (right - _MARGIN + _BAR_GAP) / BAR_PARTS
    for part in range(BAR_PARTS):
        left = _MARGIN + part * pitch
        yield Mark(part, (_box(left, _BAR_TOP, left + pitch - _BAR_GAP, _BAR_TOP + _BAR_HEIGHT),))


def _icons(right: float) -> Iterator[Mark]:
    """The lock and the error sign at the left, the nearly empty battery at the right."""
    y = _ICONS_TOP
    x = float(_MARGIN)
    yield Mark(Icon.LOCK, (_box(x, y + 5, x + 10, y + 12), _shackle(x + 1.5, y, x + 8.5, y + 4.4)))
    x += 20
    yield Mark(
        Icon.ERROR,
        (
            _box(x + 6.2, y + 4, x + 7.8, y + 7.8),
            _box(x + 6.2, y + 8.6, x + 7.8, y + 10),
            _ring(
                ((x + 7, y - 0.6), (x + 14.2, y + 12), (x - 0.2, y + 12)),
                ((x + 7, y + 2), (x + 12.2, y + 10.9), (x + 1.8, y + 10.9)),
            ),
        ),
    )
    x = right - 24
    yield Mark(
        Icon.BATTERY,
        (
            _box(x + 2.6, y + 3.6, x + 6, y + 8.4),
            _ring(_box(x, y + 1, x + 21, y + 11), _box(x + 1.4, y + 2.4, x + 19.6, y + 9.6)),
            _box(x + 21.6, y + 4, x + 23.6, y + 8),
        ),
    )


def _box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _shackle(left: float, top: float, right: float, bottom: float) -> Polygon:
    """A bow, open below."""
    thick, bevel = 1.5, 2.0
    return (
        (left, bottom),
        (left, top + bevel),
        (left + bevel, top),
        (right - bevel, top),
        (right, top + bevel),
        (right, bottom),
        (right - thick, bottom),
        (right - thick, top + bevel + 0.4),
        (right - bevel - 0.4, top + thick),
        (left + bevel + 0.4, top + thick),
        (left + thick, top + bevel + 0.4),
        (left + thick, bottom),
    )


def _ring(outer: Polygon, inner: Polygon) -> Polygon:
    """An outline in one stroke: once round outside, over a seam, and back round inside."""
    return *outer, outer[0], inner[0], *reversed(inner)
