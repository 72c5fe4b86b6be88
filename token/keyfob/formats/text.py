"""Text as people send it: UTF-8 with a byte order mark or without, UTF-16 with one, read line by line.

Whatever is something else is refused by name, whatever it is called: an archive, a workbook, UTF-16 without a mark.
"""

import codecs
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

from keyfob.formats.rows import SeedFileError

MAX_LINE_CHARACTERS = 65_536

_CHUNK_BYTES = 65_536
_ZIP = b"PK\x03\x04"
_MAGIC = (
    (b"\x1f\x8b", "it is compressed with gzip: unpack it first"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "it is an old or an encrypted Excel workbook: save it as CSV (UTF-8)",
    ),
    (b"%PDF-", "it is a PDF"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it first"),
    (b"Rar!\x1a\x07", "it is a RAR archive: unpack it first"),
    (b"BZh", "it is compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ\x00", "it is compressed with xz: unpack it first"),
    (b"\x89PNG", "it is a picture"),
    (b"\xff\xd8\xff", "it is a picture"),
    (b"-----BEGIN PGP MESSAGE", "it is encrypted with PGP: decrypt it first"),
    (b"\xff\xfe\x00\x00", "it is UTF-32: save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "it is UTF-32: save it as UTF-8"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    r"""The lines of a text, each with its number from 1 and its end as it stands there, "\n", "\r\n" or none.

    Raises:
        SeedFileError: it is empty, no text, in another encoding, or has a line of more than `MAX_LINE_CHARACTERS`.
    """
    chunk = file.read(_CHUNK_BYTES)
    _require_text(chunk)
    encoding, mark_bytes = _encoding(chunk)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, pending, chunk = 1, "", chunk[mark_bytes:]
    while chunk:
        *whole, pending = (pending + _decode(decoder, chunk, line)).split("\n")
        for text in whole:
            if len(text) > MAX_LINE_CHARACTERS:
                raise _too_long(line)
            yield line, text + "\n"
            line += 1
        if len(pending) > MAX_LINE_CHARACTERS:
            raise _too_long(line)
        chunk = file.read(_CHUNK_BYTES)
    _decode(decoder, b"", line, is_last=True)
    if pending:
        yield line, pending


def tidy(text: str) -> str:
    """What is meant by a field: without the blanks round it, its letters composed (Unicode's NFC)."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _require_text(head: bytes) -> None:
    if not head.strip():
        raise SeedFileError(0, "it is empty")
    if head.startswith(_ZIP):
        is_workbook = b"[Content_Types].xml" in head or b"xl/" in head
        raise SeedFileError(
            0,
            "it is an Excel workbook: save it as CSV (UTF-8)"
            if is_workbook
            else "it is a zip archive: unpack it first",
        )
    for magic, problem in _MAGIC:
        if head.startswith(magic):
            raise SeedFileError(0, problem)


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding, and how many bytes its mark has."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    if b"\0" in head[:2]:
        raise SeedFileError(1, "it looks like UTF-16 without a byte order mark: save it as UTF-8")
    return "utf-8", 0


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes, line: int, *, is_last: bool = False) -> str:
    try:
        text = decoder.decode(chunk, final=is_last)
    except UnicodeDecodeError as error:
        wrong_at = line + _newlines(error)
    else:
        if (nul_at := text.find("\0")) < 0:
            return text
        raise SeedFileError(line + text.count("\n", 0, nul_at), "it has a NUL byte, which no text has")
    # out of the handler: the error beneath would hold the text
    end = (
        "it ends in the middle of a character"
        if is_last
        else "a character is not in the encoding of the rest"
    )
    raise SeedFileError(wrong_at, f"{end}: save it as UTF-8, whole")


def _newlines(error: UnicodeDecodeError) -> int:
    return error.object[: error.start].decode(error.encoding, errors="ignore").count("\n")


def _too_long(line: int) -> SeedFileError:
    return SeedFileError(line, f"it has more than {MAX_LINE_CHARACTERS} characters")
