"""Whatever a file holds, a reader gives rows or refuses it as a seed file."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyfob.formats.column_map import ColumnMap
from keyfob.formats.csv_files import read_mapped
from keyfob.formats.detection import FORMATS, detect
from keyfob.formats.rows import Credential, Flaw, SeedFileError
from seed_files import SAMPLES, as_file

READERS = {name: reader for name, reader in FORMATS.items() if name != "pskc"}
CONTENTS = [
    path.read_bytes() for path in sorted(SAMPLES.glob("*.*")) if path.suffix in {".csv", ".txt", ".oath"}
]
PIECES = [b"\0", b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"=", b"#", b"\xff", b"\xff\xfe", b"A" * 70_000]


@st.composite
def broken_samples(draw):
    """A sample cut short, with pieces put into it or taken out."""
    content = bytearray(draw(st.sampled_from(CONTENTS)))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = draw(st.integers(begin, min(len(content), begin + 40)))
        content[begin:end] = draw(st.sampled_from(PIECES) | st.binary(max_size=5))
    return bytes(content[: draw(st.integers(0, len(content)))])


def outcome_of(read, content):
    """Every row that a reader gives, up to where it refuses the file."""
    rows = []
    with contextlib.suppress(SeedFileError):
        rows.extend(read(as_file(content)))
    return rows


def assert_rows(rows):
    for row in rows:
        assert isinstance(row.content, Credential | Flaw)
        assert row.line >= 1


@pytest.mark.parametrize("name", READERS)
@given(content=st.binary(max_size=300) | broken_samples())
@example(content=b"serial number,secret key\n" + b"," * 300)
def test_reader_gives_rows_or_refuses_the_file(name, content):
    assert_rows(outcome_of(READERS[name], content))


@given(st.binary(max_size=300) | broken_samples())
def test_detection_names_a_format_or_refuses_the_file(content):
    with contextlib.suppress(SeedFileError):
        assert detect(as_file(content)) in FORMATS


@given(content=st.text(st.sampled_from("ab12,;\"'=\n#\té")).map(str.encode) | broken_samples())
def test_column_map_gives_rows_or_refuses_the_file(content):
    for text in ("serial=1,secret=2", "serial=a,secret=b", "serial=2,secret=1,delimiter=blanks"):
        column_map = ColumnMap.parse(text)
        assert_rows(outcome_of(lambda file, by=column_map: read_mapped(file, by), content))
