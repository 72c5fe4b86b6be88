"""XML as a stream of the root's children, without anything that XML can be abused for.

A document type is refused, and with it entities, inside and outside. What is built at a time is one child of the root:
the memory for a file does not depend on its length.
"""

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers.expat import ErrorString

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from keyfob.formats.rows import SeedFileError

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_CHILD_BYTES = 1024 * 1024
"""The longest child of the root; what is between two of them counts, too."""

MAX_DEPTH = 32

_CHUNK_BYTES = 65_536
_NAME_CHARACTERS = 60


def read_children(file: BinaryIO, root: str) -> Iterator[Element]:
    """The children of the root, each when it has ended; names of elements without their namespaces.

    Args:
        file: from where it stands.
        root: the name that the root must have.

    Raises:
        SeedFileError: it is not well-formed, has a document type, another root, or is larger than the limits.
    """
    target = _Children(root)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    read_bytes = pending_bytes = 0
    while chunk := file.read(_CHUNK_BYTES):
        read_bytes += len(chunk)
        if read_bytes > MAX_FILE_BYTES:
            raise SeedFileError(_line(parser), f"it has more than {MAX_FILE_BYTES} bytes: split it")
        _parse(parser, chunk)
        pending_bytes = 0 if target.finished else pending_bytes + len(chunk)
        if pending_bytes > MAX_CHILD_BYTES:
            problem = f"one of its elements has more than {MAX_CHILD_BYTES} bytes: it is no list of keys"
            raise SeedFileError(_line(parser), problem)
        yield from target.finished
        target.finished.clear()
    _parse(parser, None)
    yield from target.finished


class _Children:
    """Takes what the parser finds, and keeps the root's children that have ended."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._depth = 0
        self._builder = TreeBuilder()
        self.finished: list[Element] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = _local(tag)
        if self._depth > MAX_DEPTH:
            raise _Refused(f"its elements stand more than {MAX_DEPTH} deep in each other")
        if self._depth > 1:
            self._builder.start(name, attributes)
        elif name != self._root:
            raise _Refused(f"its root element is {name[:_NAME_CHARACTERS]}, and {self._root} is wanted")
        elif attributes.get("Version", "1.0") != "1.0":
            raise _Refused("its Version is not 1.0, the one of RFC 6030")

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._depth:
            self._builder.end(_local(tag))
        if self._depth == 1:
            self.finished.append(self._builder.close())
            self._builder = TreeBuilder()

    def data(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)

    def close(self) -> None:
        """Nothing is left to do."""


class _Refused(Exception):  # noqa: N818  a signal from the parser's depths, never seen outside
    """The document cannot be used; what follows is why."""


def _parse(parser: DefusedXMLParser, chunk: bytes | None) -> None:
    """Hands the parser a part of the document; None: its end."""
    try:
        _ = parser.close() if chunk is None else parser.feed(chunk)
    except ParseError as error:
        line, problem = error.position[0], f"it is not well-formed XML: {ErrorString(error.code)}"
    except DefusedXmlException:
        line, problem = _line(parser), "it has a document type or entities, which no PSKC needs: remove them"
    except _Refused as error:
        line, problem = _line(parser), str(error)
    except (LookupError, ValueError):
        line, problem = _line(parser), "it is in an encoding that is not known here: save it as UTF-8"
    else:
        return
    raise SeedFileError(line, problem)


def _line(parser: DefusedXMLParser) -> int:
    return int(parser.parser.CurrentLineNumber)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
