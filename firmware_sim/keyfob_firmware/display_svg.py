"""The display as an SVG picture that pages can show, style and look into.

`python -m keyfob_firmware.display_svg` prints a sample.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from keyfob_firmware.display import Lit, Part, Screen, describe, lit
from keyfob_firmware.display_geometry import (
    GHOST_TONE,
    HEIGHT,
    LIT_TONE,
    SHADOW_OFFSET,
    SHADOW_TONE,
    Plate,
    Polygon,
    blend,
    glass,
)


def draw_svg(lit: Lit) -> str:
    """A standalone SVG element, which may also stand within a page: it has no ids and no style sheet.

    Each part is one `path` of class "lit" or "ghost", which tells what it is: a segment by `data-cell` and
    `data-segment`, a part of the bar by `data-bar`, an icon by `data-icon`. The title says what is seen.
    """
    shape = glass(len(lit.cells))
    size = {"width": str(shape.width), "height": str(HEIGHT), "viewBox": f"0 0 {shape.width} {HEIGHT}"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "class": "lcd", **size})
    ET.SubElement(svg, "title").text = describe(lit)
    for plate in shape.plates:
        ET.SubElement(svg, "rect", _plate(plate))
    parts = lit.parts
    shadow = _path(polygon for mark in shape.marks if mark.part in parts for polygon in mark.polygons)
    x, y = SHADOW_OFFSET
    svg.append(_ink("shadow", shadow, SHADOW_TONE, {"transform": f"translate({x} {y})"}))
    for mark in shape.marks:
        state, tone = ("lit", LIT_TONE) if mark.part in parts else ("ghost", GHOST_TONE)
        svg.append(_ink(state, _path(mark.polygons), tone, _address(mark.part)))
    return ET.tostring(svg, encoding="unicode")


def _plate(plate: Plate) -> dict[str, str]:
    left, top, right, bottom = plate.box
    box = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rx": plate.radius}
    return {name: f"{length:g}" for name, length in box.items()} | {"fill": _colour(plate.tone)}


def _ink(state: str, path: str, tone: float, more: dict[str, str]) -> ET.Element:
    return ET.Element(
        "path", {"class": state, "d": path, "fill": _colour(1.0), "fill-opacity": f"{tone:g}", **more}
    )


def _path(polygons: Iterable[Polygon]) -> str:
    return "".join(f"M{' '.join(f'{x:.2f},{y:.2f}' for x, y in polygon)}Z" for polygon in polygons)


def _address(part: Part) -> dict[str, str]:
    match part:
        case (cell, segment):
            return {"data-cell": str(cell), "data-segment": segment}
        case int():
            return {"data-bar": str(part)}
        case _:
            return {"data-icon": part}


def _colour(tone: float) -> str:
    return f"#{bytes(blend(tone)).hex()}"


if __name__ == "__main__":
    print(draw_svg(lit(Screen("287082", bar=4))))  # noqa: T201  that is what it is for
