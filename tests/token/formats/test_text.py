import codecs
import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.rows import SeedFileError
from keyfob.formats.text import MAX_LINE_CHARACTERS, read_lines, tidy
from seed_files import RFC_SECRET, Endless, as_file

TEXT = "serial,Straße 𝟙\r\nzwei\n\nlast"
LINES = [(1, "serial,Straße 𝟙\r\n"), (2, "zwei\n"), (3, "\n"), (4, "last")]


def zipped(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_lines_keep_number_and_end_in_each_encoding(content):
    assert list(read_lines(as_file(content))) == LINES


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.integers(1, 9))
def test_lines_together_are_the_text_however_it_comes(text, chunk_bytes):
    class Slow(io.BytesIO):
        def read(self, _size=-1):
            return super().read(chunk_bytes)

    # a letter first: blanks alone are no file, and U+FEFF would be a mark
    found = list(read_lines(Slow(f"--------{text}".encode())))
    assert "".join(line for _, line in found) == f"--------{text}"
    assert [number for number, _ in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 0, "empty"),
        (b" \r\n", 0, "empty"),
        (zipped("seeds.csv"), 0, "zip archive"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), 0, "Excel workbook"),
        (gzip.compress(b"serial", mtime=0), 0, "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "Excel"),
        (b"%PDF-1.7", 0, "PDF"),
        (TEXT.encode("utf-16-le"), 1, "UTF-16 without"),
        (TEXT.encode("utf-16-be"), 1, "UTF-16 without"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), 0, "UTF-32"),
        (b"one\ntwo\nth\0ree\n", 3, "NUL"),
        (b"one\ntwo\nStra\xdfe\n", 3, "not in the encoding"),
        (b"one\ntwo\nStra\xc3", 3, "middle of a character"),
        (codecs.BOM_UTF16_LE + "one\ntwo".encode("utf-16-le")[:-1], 2, "middle of a character"),
        (codecs.BOM_UTF16_LE + "one\n".encode("utf-16-le") + b"\x00\xd8t\0", 2, "not in the encoding"),
        (b"one\n" + b"2" * (MAX_LINE_CHARACTERS + 1) + b"\n", 2, "characters"),
    ],
)
def test_what_is_no_text_is_refused_by_name_and_line(content, line, said):
    with pytest.raises(SeedFileError, match=said) as caught:
        list(read_lines(as_file(content)))
    assert caught.value.line == line


def test_line_without_end_is_given_up_after_a_few_chunks():
    file = Endless(b"A" * 65_536)
    with pytest.raises(SeedFileError, match="line 1"):
        list(read_lines(file))
    assert file.given_bytes < 4 * MAX_LINE_CHARACTERS


def test_error_of_encoding_holds_nothing_of_the_text(assert_silent):
    with pytest.raises(SeedFileError) as caught:
        list(read_lines(as_file(RFC_SECRET + b"\xff")))
    assert_silent(caught.value, RFC_SECRET)


def test_tidy_takes_blanks_away_and_composes_letters():
    assert tidy("\u00a0 Jose\u0301 \t") == "Jos\u00e9"
