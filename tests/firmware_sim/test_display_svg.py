from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from display_samples import displays
from keyfob_firmware.display import BAR_PARTS, CELL_COUNTS, SEGMENTS, Icon, Screen, describe, lit
from keyfob_firmware.display_svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"


def parts_of_class(svg, state):
    """Every part of the picture that carries this class."""
    parts = []
    for path in svg.iter(f"{SVG}path"):
        if path.get("class") != state:
            continue
        if path.get("data-segment"):
            parts.append((int(path.get("data-cell")), path.get("data-segment")))
        elif path.get("data-bar"):
            parts.append(int(path.get("data-bar")))
        else:
            parts.append(Icon(path.get("data-icon")))
    return parts


@given(displays())
def test_each_part_is_there_once_and_just_the_lit_ones_are_lit(display):
    svg = ET.fromstring(draw_svg(display))
    lit_parts, ghosts = parts_of_class(svg, "lit"), parts_of_class(svg, "ghost")
    everything = {(cell, segment) for cell in range(len(display.cells)) for segment in SEGMENTS}
    everything |= set(range(BAR_PARTS)) | set(Icon)
    assert set(lit_parts) == display.parts
    assert len(lit_parts) + len(ghosts) == len(everything)
    assert {*lit_parts, *ghosts} == everything


@given(displays())
def test_ghosts_are_faint(display):
    svg = ET.fromstring(draw_svg(display))
    opacities = {
        state: {
            float(path.get("fill-opacity")) for path in svg.iter(f"{SVG}path") if path.get("class") == state
        }
        for state in ("lit", "ghost")
    }
    assert all(0.0 < opacity < 0.1 for opacity in opacities["ghost"])
    assert all(opacity > 0.9 for opacity in opacities["lit"])


@given(displays())
def test_picture_says_what_is_seen(display):
    svg = ET.fromstring(draw_svg(display))
    assert svg.get("role") == "img"
    assert svg[0].tag == f"{SVG}title"
    assert svg[0].text == describe(display)


@pytest.mark.parametrize("cells", CELL_COUNTS)
def test_all_is_within_the_frame(cells):
    svg = ET.fromstring(draw_svg(lit(Screen("8" * cells, BAR_PARTS, frozenset(Icon)))))
    _, _, width, height = map(float, svg.get("viewBox").split())
    for path in svg.iter(f"{SVG}path"):
        for point in path.get("d").strip("MZ").replace("ZM", " ").split():
            x, y = map(float, point.split(","))
            assert 8.0 < x < width - 8.0
            assert 8.0 < y < height - 8.0


def test_picture_may_stand_in_a_page_beside_others():
    text = draw_svg(lit(Screen("123456")))
    assert text.startswith("<svg ")
    assert " id=" not in text
    assert "<style" not in text
