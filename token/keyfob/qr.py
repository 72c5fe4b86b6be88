"""QR codes: drawn as PNG, SVG or terminal text, and read back from an image.

Kept out of `import keyfob`, since the drawing and reading libraries are heavy.
"""

import io
import re
import warnings
from pathlib import Path

import qrcode
from PIL import Image, UnidentifiedImageError

from keyfob.errors import QrCapacityError, UnreadableQrError

CAPACITY_BYTES = 2953
"""ISO/IEC 18004, version 40, level L."""

MAX_FILE_BYTES = 16 * 2**20
MAX_PIXELS = 25_000_000

_CAPACITY_AT_LEVEL_M_BYTES = 2331
_QUIET_ZONE_MODULES = 4
_PIXELS_PER_MODULE = 8
_IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_BROKEN_IMAGE = (OSError, SyntaxError, ValueError, AssertionError)
"""What Pillow raises for damaged files of these formats; AssertionError for some animated PNGs."""

_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
_RESET = "\x1b[0m"
_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def draw_png(text: str) -> bytes:
    """A PNG, eight pixels to the module, black on white with the quiet zone that scanners need.

    Raises:
        QrCapacityError: the text is too long.
    """
    modules = _modules(text)
    side = len(modules)
    image = Image.frombytes("L", (side, side), bytes(0 if dark else 255 for row in modules for dark in row))
    width = side * _PIXELS_PER_MODULE
    out = io.BytesIO()
    image.resize((width, width), Image.Resampling.NEAREST).convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()


def draw_svg(text: str) -> str:
    """A standalone SVG document, black on white with its quiet zone.

    Raises:
        QrCapacityError: the text is too long.
    """
    modules = _modules(text)
    side = len(modules)
    width = side * _PIXELS_PER_MODULE
    rows = ("".join("#" if dark else " " for dark in row) for row in modules)
    runs = ((y, run.start(), len(run[0])) for y, row in enumerate(rows) for run in re.finditer("#+", row))
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for y, x, length in runs)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path d="{path}" fill="#000"/></svg>\n'
    )


def draw_terminal(text: str) -> str:
    """Lines of half blocks for a terminal, each ending in a line feed.

    They carry their own black and white as ANSI colours, so that they scan on dark and on light terminals alike.

    Raises:
        QrCapacityError: the text is too long.
    """
    modules = _modules(text)
    if len(modules) % 2:
        modules.append([False] * len(modules))
    lines = (
        "".join(_HALF_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    )
    return "".join(f"{_BLACK_ON_WHITE}{line}{_RESET}\n" for line in lines)


def read_qr(image: bytes | Path) -> str:
    """The text of the one QR code in an image: a file, or its bytes, as PNG, JPEG, GIF, BMP or WebP.

    Transparent parts count as white. Rotated, mirrored and inverted codes are read too.

    Raises:
        UnreadableQrError: no such file, no such image, one too big or cut short, or not exactly one code in it.
    """
    content = image if isinstance(image, bytes) else _file(image)
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableQrError(f"the image file is larger than {MAX_FILE_BYTES // 2**20} MiB")
    import zxingcpp  # noqa: PLC0415  a program that only draws need not hold it

    codes = zxingcpp.read_barcodes(
        _greyscale(content),
        formats=zxingcpp.barcode_formats_from_str("QRCode"),
        text_mode=zxingcpp.TextMode.Plain,
    )
    if not codes:
        raise UnreadableQrError("the image holds none that can be read; try a sharper or larger picture")
    if len(codes) > 1:
        raise UnreadableQrError(f"the image holds {len(codes)} of them; crop it to the one that is meant")
    return codes[0].text


def _modules(text: str) -> list[list[bool]]:
    """The square of modules, quiet zone included; True is dark."""
    length = len(text.encode())
    if length > CAPACITY_BYTES:
        raise QrCapacityError(length, CAPACITY_BYTES)
    level = qrcode.ERROR_CORRECT_M if length <= _CAPACITY_AT_LEVEL_M_BYTES else qrcode.ERROR_CORRECT_L
    code = qrcode.QRCode(error_correction=level, border=_QUIET_ZONE_MODULES)
    code.add_data(text)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableQrError(f"{path} cannot be opened: {error.strerror}") from None


def _greyscale(content: bytes) -> Image.Image:
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=_IMAGE_FORMATS) as image,
        ):
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UnreadableQrError(
                    f"the image has {width} × {height} pixels: crop it to the code or scale it down"
                )
            return _on_white(image).convert("L")
    except Image.DecompressionBombError:
        raise UnreadableQrError(
            "the image has far too many pixels: crop it to the code or scale it down"
        ) from None
    except UnidentifiedImageError:
        raise UnreadableQrError("this is no image in PNG, JPEG, GIF, BMP or WebP format") from None
    except _BROKEN_IMAGE:
        raise UnreadableQrError("the image is damaged or cut short") from None


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper
