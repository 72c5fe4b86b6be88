import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from display_samples import displays
from keyfob_firmware.display import BAR_PARTS, CELL_COUNTS, Icon, Screen, lit, seen
from keyfob_firmware.display_geometry import HEIGHT, glass
from keyfob_firmware.display_png import SCALES, draw_png, read_png
from keyfob_firmware.errors import InvalidDisplayError, UnreadableDisplayError

CODE = draw_png(lit(Screen("271828", 3)))


def as_png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def picture():
    return Image.open(io.BytesIO(CODE))


@given(displays(), st.sampled_from(SCALES[:3]))
def test_picture_reads_back_segment_by_segment(display, scale):
    assert read_png(draw_png(display, scale)) == display


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("cells", ["8888888888", "          "])
def test_picture_reads_back_at_every_scale(cells, scale):
    display = lit(Screen(cells, BAR_PARTS, frozenset(Icon)))
    assert read_png(draw_png(display, scale)) == display


def test_failed_segment_changes_what_is_read():
    assert seen(read_png(draw_png(lit(Screen("888888"), frozenset({(2, "b"), (4, "g")}))))) == "886808"


@pytest.mark.parametrize("cells", CELL_COUNTS)
def test_picture_is_as_large_as_its_glass(cells):
    with Image.open(io.BytesIO(draw_png(lit(Screen("0" * cells)), 3))) as image:
        assert image.size == (glass(cells).width * 3, HEIGHT * 3)


def test_each_count_of_cells_has_a_width_of_its_own():
    widths = [glass(cells).width for cells in CELL_COUNTS]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_picture_saved_again_in_another_mode_reads_alike(mode):
    assert read_png(as_png(picture().convert(mode))) == read_png(CODE)


@pytest.mark.parametrize("scale", [0, -1, 9, 1.5])
def test_scale_out_of_range_is_refused(scale):
    with pytest.raises(InvalidDisplayError):
        draw_png(lit(Screen("123456")), scale)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "no image in PNG"),
        (b"<svg/>", "no image in PNG"),
        (CODE[:60], "damaged"),
        (CODE[: len(CODE) // 2], "damaged"),
        (as_png(Image.new("L", (40, 40))), "no display has 40 × 40"),
        (as_png(Image.new("1", (6_000, 5_000))), "no display has 6000 × 5000"),
        (as_png(picture().crop((4, 0, 400, 212))), "no display has 396 × 212"),
        (as_png(Image.new("L", (glass(6).width, HEIGHT), "white")), "something else"),
        (as_png(Image.new("L", (glass(6).width, HEIGHT), "black")), "something else"),
        (as_png(picture().rotate(180)), "something else"),
        (as_png(picture().convert("L").filter(ImageFilter.GaussianBlur(6))), "blurred"),
    ],
    ids=[
        "empty",
        "svg",
        "header",
        "half",
        "small",
        "large",
        "cropped",
        "white",
        "black",
        "upside-down",
        "blurred",
    ],
)
def test_other_picture_is_refused(image, reason):
    with pytest.raises(UnreadableDisplayError, match=reason):
        read_png(image)


def test_wrong_checksum_is_refused():
    end_chunk = 12
    last_of_checksum = len(CODE) - end_chunk - 1
    wrong = bytes([CODE[last_of_checksum] ^ 1])
    with pytest.raises(UnreadableDisplayError, match="damaged"):
        read_png(CODE[:last_of_checksum] + wrong + CODE[-end_chunk:])


@given(st.integers(0, len(CODE) - 1), st.binary(min_size=1, max_size=8))
@example(8, b"\xff\xff\xff\xff")
def test_damaged_picture_is_refused_or_reads_alike(place, noise):
    """PNG's checksums see the damage, except where it changes nothing that is looked at."""
    damaged = CODE[:place] + noise + CODE[place + len(noise) :]
    try:
        found = read_png(damaged)
    except UnreadableDisplayError:
        return
    assert found == read_png(CODE)
