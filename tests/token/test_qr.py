import io
import os
import re
import struct
import subprocess
import sys
import time
import zlib
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from keyfob import Algorithm, Parameters, Seed
from keyfob.errors import QrCapacityError, UnreadableQrError
from keyfob.qr import CAPACITY_BYTES, MAX_FILE_BYTES, MAX_PIXELS, draw_png, draw_svg, draw_terminal, read_qr
from keyfob.uri import MAX_NAME_BYTES, MAX_URI_CHARACTERS, Provisioning, format_uri

URI = format_uri(Provisioning(Seed(bytes(20)), "alice@example.com", "ACME Co"))
LONGEST_NAME = "é" * (MAX_NAME_BYTES // 2)
LONGEST_URI = format_uri(
    Provisioning(
        Seed(bytes(range(256)) * 2), LONGEST_NAME, LONGEST_NAME, Parameters(Algorithm.SHA512, 10, 2**31 - 1)
    )
)
QUIET_ZONE_MODULES = 4
FINDER_MODULES = 7
WHITE, BLACK = 255, 0


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content)).convert("L")


def rasterized_svg(document, pixels_per_unit=4):
    """What a browser shows of a document made of one background rectangle and one path of unit-high bars."""
    svg = ET.fromstring(document)
    names = [element.tag.partition("}")[2] for element in svg.iter()]
    assert names == ["svg", "rect", "path"]
    assert svg.tag.startswith("{http://www.w3.org/2000/svg}")
    rect, path = svg
    _, _, width, height = (int(number) for number in svg.get("viewBox").split())
    assert (rect.get("width"), rect.get("height"), rect.get("fill")) == (str(width), str(height), "#fff")
    assert path.get("fill") == "#000"
    image = Image.new("L", (width, height), WHITE)
    bar = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
    assert re.fullmatch(f"(?:{bar.pattern})+", path.get("d"))
    for x, y, length, back in bar.findall(path.get("d")):
        assert length == back
        image.paste(BLACK, (int(x), int(y), int(x) + int(length), int(y) + 1))
    return ImageOps.scale(image, pixels_per_unit, Image.Resampling.NEAREST)


def rasterized_terminal(text, pixels_per_module=4):
    """What a terminal shows of half blocks, each line of which must set and reset its own colours."""
    lines = text.removesuffix("\n").split("\n")
    bodies = [re.fullmatch(r"\x1b\[38;5;16;48;5;231m([ ▀▄█]+)\x1b\[0m", line)[1] for line in lines]
    image = Image.new("L", (len(bodies[0]), 2 * len(bodies)), WHITE)
    for y, body in enumerate(bodies):
        for x, block in enumerate(body):
            if block in "▀█":
                image.putpixel((x, 2 * y), BLACK)
            if block in "▄█":
                image.putpixel((x, 2 * y + 1), BLACK)
    return ImageOps.scale(image, pixels_per_module, Image.Resampling.NEAREST)


RENDITIONS = {
    "png": lambda text: opened(draw_png(text)),
    "svg": lambda text: rasterized_svg(draw_svg(text)),
    "terminal": lambda text: rasterized_terminal(draw_terminal(text)),
}


@pytest.mark.parametrize("rendition", RENDITIONS.values(), ids=RENDITIONS.keys())
@pytest.mark.parametrize(
    "text",
    [URI, LONGEST_URI, "Grüße, 世界 🔑", "x" * 2331, "x" * 2332, "x" * CAPACITY_BYTES, "7" * CAPACITY_BYTES],
    ids=["URI", "longest URI", "beyond ASCII", "fullest M", "emptiest L", "fullest L", "fullest of digits"],
)
def test_what_is_drawn_can_be_read(rendition, text):
    assert read_qr(saved(rendition(text))) == text


@pytest.mark.parametrize("rendition", RENDITIONS.values(), ids=RENDITIONS.keys())
def test_four_white_modules_surround_the_code(rendition):
    image = rendition(URI)
    left, top, right, bottom = ImageOps.invert(image).getbbox()
    first_white = next(x for x in range(left, right) if image.getpixel((x, top)) == WHITE)
    pixels_per_module = (first_white - left) // FINDER_MODULES
    margins = (left, top, image.width - right, image.height - bottom)
    assert min(margins) >= QUIET_ZONE_MODULES * pixels_per_module


@given(st.text(min_size=1, max_size=300))
def test_any_text_goes_both_ways(text):
    try:
        png = draw_png(text)
    except UnicodeEncodeError:
        assert any("\ud800" <= c <= "\udfff" for c in text)
        return
    assert read_qr(png) == text


@pytest.mark.parametrize("draw", [draw_png, draw_svg, draw_terminal], ids=lambda draw: draw.__name__)
@pytest.mark.parametrize(
    "text", ["x" * (CAPACITY_BYTES + 1), "é" * 1477, "x" * 2**20], ids=lambda text: str(len(text))
)
def test_a_text_beyond_the_largest_code_is_refused(draw, text):
    with pytest.raises(QrCapacityError) as refusal:
        draw(text)
    assert (refusal.value.found_bytes, refusal.value.capacity_bytes) == (len(text.encode()), CAPACITY_BYTES)


def test_every_uri_fits():
    assert MAX_URI_CHARACTERS <= CAPACITY_BYTES


def test_a_path_and_bytes_are_read_alike(tmp_path):
    path = tmp_path / "code.png"
    path.write_bytes(draw_png(URI))
    assert read_qr(path) == URI == read_qr(path.read_bytes())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_the_usual_image_formats_are_read(kind):
    assert read_qr(saved(opened(draw_png(URI)), kind)) == URI


def drawn_by_zxing(text, kind):
    pixels = memoryview(zxingcpp.create_barcode(text, kind).to_image())
    image = Image.frombytes("L", pixels.shape[::-1], pixels.tobytes())
    return ImageOps.scale(ImageOps.expand(image, 4, WHITE), 4, Image.Resampling.NEAREST)


def test_a_code_drawn_by_another_encoder_is_read():
    assert read_qr(saved(drawn_by_zxing(URI, zxingcpp.BarcodeFormat.QRCode))) == URI


def clear_background(image):
    ink = Image.new("RGBA", image.size, (0, 0, 0, 0))
    ink.putalpha(ImageOps.invert(image))
    return ink


def palette_with_clear_white(image):
    paletted = image.convert("P")
    paletted.info["transparency"] = image.convert("P").getpixel((0, 0))
    return paletted


def photograph(image):
    small = image.resize((300, 300), Image.Resampling.BICUBIC).rotate(17, expand=True, fillcolor=WHITE)
    scene = Image.new("L", (1200, 900), 180)
    scene.paste(small, (500, 300))
    return scene


@pytest.mark.parametrize(
    "altered",
    [
        lambda image: image.rotate(90),
        lambda image: image.rotate(180),
        ImageOps.mirror,
        ImageOps.invert,
        clear_background,
        palette_with_clear_white,
        photograph,
        lambda image: image.convert("I;16"),
        lambda image: image.convert("RGB"),
    ],
    ids=[
        "turned by 90°",
        "turned by 180°",
        "mirrored",
        "inverted",
        "on a clear background",
        "on a clear palette colour",
        "photographed askew",
        "16 bits deep",
        "in colour",
    ],
)
def test_a_code_is_read_whatever_became_of_its_picture(altered):
    assert read_qr(saved(altered(opened(draw_png(URI))))) == URI


def side_by_side(*images):
    scene = Image.new(
        "L", (sum(image.width for image in images), max(image.height for image in images)), WHITE
    )
    left = 0
    for image in images:
        scene.paste(image, (left, 0))
        left += image.width
    return scene


@pytest.mark.parametrize("texts", [("one", "two"), ("same", "same"), ("one", "two", "three")])
def test_more_than_one_code_is_refused(texts):
    with pytest.raises(UnreadableQrError, match=f"{len(texts)} of them"):
        read_qr(saved(side_by_side(*(opened(draw_png(text)) for text in texts))))


def other_barcode():
    return drawn_by_zxing("not a QR code", zxingcpp.BarcodeFormat.DataMatrix)


def half_covered():
    image = opened(draw_png(URI))
    ImageDraw.Draw(image).rectangle((0, 0, image.width, image.height // 2), fill=WHITE)
    return image


@pytest.mark.parametrize(
    "image",
    [
        lambda: Image.new("L", (400, 400), WHITE),
        lambda: Image.new("L", (1, 1), BLACK),
        lambda: Image.frombytes("L", (256, 256), bytes(range(256)) * 256),
        half_covered,
        other_barcode,
    ],
    ids=["white", "one pixel", "gradient", "half covered", "another kind of barcode"],
)
def test_an_image_without_a_readable_code_is_refused(image):
    with pytest.raises(UnreadableQrError, match="none that can be read"):
        read_qr(saved(image()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"otpauth://totp/alice",
        draw_svg("x").encode(),
        b"%PDF-1.7\n",
        b"GIF89a",
        b"BM",
        bytes(range(256)),
    ],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_image_is_refused(content):
    with pytest.raises(UnreadableQrError):
        read_qr(content)


def test_an_image_format_that_is_not_offered_is_refused():
    with pytest.raises(UnreadableQrError, match="PNG, JPEG, GIF, BMP or WebP"):
        read_qr(saved(opened(draw_png(URI)), "PPM"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_an_image_cut_short_is_refused(kind):
    content = saved(opened(draw_png(URI)), kind)
    for length in range(0, len(content) * 3 // 4, max(len(content) // 60, 1)):
        with pytest.raises(UnreadableQrError):
            read_qr(content[:length])


@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP"]), st.data())
def test_a_damaged_image_is_refused_or_still_read(kind, data):
    content = bytearray(saved(opened(draw_png("damaged")), kind))
    for _ in range(data.draw(st.integers(1, 4), "how many bytes")):
        content[data.draw(st.integers(0, min(len(content), 600) - 1), "where")] = data.draw(
            st.integers(0, 255), "what"
        )
    try:
        text = read_qr(bytes(content))
    except UnreadableQrError:
        return
    assert text == "damaged"


def png_that_claims(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(2**20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"),
    [(MAX_PIXELS + 1, 1), (10_000, 10_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)],
)
def test_an_image_with_too_many_pixels_is_refused_before_it_is_unpacked(width, height):
    begun = time.perf_counter()
    with pytest.raises(UnreadableQrError, match="pixels"):
        read_qr(png_that_claims(width, height))
    assert time.perf_counter() - begun < 0.5


def test_a_text_chunk_that_unpacks_to_very_much_is_refused():
    bomb = zlib.compress(bytes(2**24), 9)
    body = b"comment\0\0" + bomb
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    png = draw_png(URI)
    after_header = 8 + 25
    with pytest.raises(UnreadableQrError):
        read_qr(png[:after_header] + chunk + png[after_header:])


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "large.png"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(UnreadableQrError, match="larger than 16 MiB"):
        read_qr(path)
    with pytest.raises(UnreadableQrError, match="larger than 16 MiB"):
        read_qr(bytes(MAX_FILE_BYTES + 1))


def test_a_path_without_a_file_is_named(tmp_path):
    for path in (tmp_path / "missing.png", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(UnreadableQrError) as refusal:
            read_qr(path)
        assert str(path) in str(refusal.value)


def test_no_refusal_tells_what_the_codes_hold(assert_silent):
    secret = bytes(range(100, 120))
    uri = format_uri(Provisioning(Seed(secret), "alice"))
    for call in (
        lambda: read_qr(saved(side_by_side(opened(draw_png(uri)), opened(draw_png(uri))))),
        lambda: draw_png(uri * 100),
    ):
        with pytest.raises((UnreadableQrError, QrCapacityError)) as refusal:
            call()
        assert_silent(refusal.value, secret)


def test_codes_are_drawn_and_read_without_numpy():
    program = "import sys; sys.modules['numpy'] = None\nfrom keyfob.qr import draw_png, read_qr\nprint(read_qr(draw_png('x')))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.stderr) == ("x\n", "")
