"""The display as a PNG picture, and read back from one, segment by segment.

Kept out of `keyfob_firmware.display`, since Pillow is heavy.
"""

import io
import itertools
import warnings
from collections.abc import Iterable

from PIL import Image, ImageDraw, UnidentifiedImageError

from keyfob_firmware.display import CELL_COUNTS, Lit
from keyfob_firmware.display_geometry import (
    GHOST_TONE,
    GLASS_RGB,
    HEIGHT,
    INK_RGB,
    LIT_TONE,
    SHADOW_OFFSET,
    SHADOW_TONE,
    Glass,
    Point,
    Polygon,
    blend,
    glass,
)
from keyfob_firmware.errors import InvalidDisplayError, UnreadableDisplayError

SCALES = range(1, 9)
"""Pixels to a unit of `display_geometry`."""

_OVERSAMPLING = 4
_FULL_TONE = 255
_MOST_ON_GLASS = 1 / 3
_LEAST_IN_INK = 2 / 3
_BROKEN_IMAGE = (OSError, SyntaxError, ValueError, AssertionError)
"""What Pillow raises for damaged files."""


def _grey(rgb: tuple[int, int, int]) -> float:
    """The brightness that Pillow's mode "L" gives a colour, by ITU-R BT.601."""
    red, green, blue = rgb
    return 0.299 * red + 0.587 * green + 0.114 * blue


_GLASS_GREY, _INK_GREY = _grey(GLASS_RGB), _grey(INK_RGB)


def draw_png(lit: Lit, scale: int = 2) -> bytes:
    """A picture of the glass, 106 pixels high for each `scale`.

    Raises:
        InvalidDisplayError: the scale is not 1 to 8.
    """
    if scale not in SCALES:
        raise InvalidDisplayError("scale", scale, f"{SCALES[0]} to {SCALES[-1]}")
    shape = glass(len(lit.cells))
    tones = _tones(shape, lit, scale * _OVERSAMPLING).reduce(_OVERSAMPLING)
    tones.putpalette([channel for tone in range(256) for channel in blend(tone / _FULL_TONE)])
    out = io.BytesIO()
    tones.save(out, "PNG")
    return out.getvalue()


def read_png(image: bytes) -> Lit:
    """What lights on a picture that `draw_png` made.

    Raises:
        UnreadableDisplayError: it is no PNG, is damaged, has no display's size, or shows something else.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            with _opened(image) as picture:
                shape = _glass_of_size(*picture.size)
                picture.verify()
            # Pillow checks no sums while it decodes, and cannot decode what it has verified
            with _opened(image) as picture:
                grey = picture.convert("L")
    except UnidentifiedImageError:
        raise UnreadableDisplayError("this is no image in PNG format") from None
    except Image.DecompressionBombError:
        raise UnreadableDisplayError("the image has far too many pixels") from None
    except _BROKEN_IMAGE:
        raise UnreadableDisplayError("the image is damaged or cut short") from None
    if any(_dark(grey, shape.clear)) or not all(_dark(grey, shape.bezel)):
        raise UnreadableDisplayError("the image shows something else")
    dark = _dark(grey, (mark.middle for mark in shape.marks))
    return Lit.of_parts(shape.cell_count, (mark.part for mark in itertools.compress(shape.marks, dark)))


def _opened(image: bytes) -> Image.Image:
    return Image.open(io.BytesIO(image), formats=("PNG",))


def _tones(shape: Glass, lit: Lit, scale: int) -> Image.Image:
    """The glass without smooth edges; a pixel's value is its tone."""
    image = Image.new("L", (shape.width * scale, HEIGHT * scale))
    draw = ImageDraw.Draw(image)
    for plate in shape.plates:
        left, top, right, bottom = (edge * scale for edge in plate.box)
        box = (left, top, right - 1, bottom - 1)
        draw.rounded_rectangle(box, plate.radius * scale, fill=_value(plate.tone))
    parts = lit.parts
    lit_marks = [polygon for mark in shape.marks if mark.part in parts for polygon in mark.polygons]
    unlit = [polygon for mark in shape.marks if mark.part not in parts for polygon in mark.polygons]
    _fill(draw, unlit, GHOST_TONE, (0.0, 0.0), scale)
    _fill(draw, lit_marks, SHADOW_TONE, SHADOW_OFFSET, scale)
    _fill(draw, lit_marks, LIT_TONE, (0.0, 0.0), scale)
    return image


def _fill(
    draw: ImageDraw.ImageDraw, polygons: Iterable[Polygon], tone: float, shift: Point, scale: int
) -> None:
    right, down = shift
    for polygon in polygons:
        draw.polygon([((x + right) * scale, (y + down) * scale) for x, y in polygon], fill=_value(tone))


def _value(tone: float) -> int:
    return round(tone * _FULL_TONE)


def _glass_of_size(width: int, height: int) -> Glass:
    for shape in map(glass, CELL_COUNTS):
        if any((width, height) == (shape.width * scale, HEIGHT * scale) for scale in SCALES):
            return shape
    raise UnreadableDisplayError(f"no display has {width} × {height} pixels")


def _dark(grey: Image.Image, points: Iterable[Point]) -> list[bool]:
    """Whether there is ink at each of the points.

    Raises:
        UnreadableDisplayError: at one of them it is neither as dark as ink nor as light as the glass.
    """
    scale = grey.height // HEIGHT
    pixels = grey.tobytes()
    values = [pixels[int(y * scale) * grey.width + int(x * scale)] for x, y in points]
    shares = [(_GLASS_GREY - value) / (_GLASS_GREY - _INK_GREY) for value in values]
    if any(_MOST_ON_GLASS < share < _LEAST_IN_INK for share in shares):
        raise UnreadableDisplayError("the image is blurred, or shows something else")
    return [share >= _LEAST_IN_INK for share in shares]
