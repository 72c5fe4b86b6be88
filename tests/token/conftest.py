"""What the core's tests share."""

import base64
import traceback
from collections.abc import Callable, Iterator

import pytest

TELLING_BYTES = 5
"""A run of a secret this long does not turn up by chance in what is random."""


def spellings(secret: bytes) -> Iterator[str]:
    """How any telling run of a secret may be written by whoever prints it."""
    for start in range(len(secret) - TELLING_BYTES + 1):
        run = secret[start : start + TELLING_BYTES]
        yield from (
            run.decode("latin-1"),
            repr(run)[2:-1],
            str(list(run))[1:-1],
            run.hex(),
            run.hex().upper(),
        )
    base32, base64_ = base64.b32encode(secret).decode(), base64.b64encode(secret).decode()
    for text in (base32, base32.lower(), base64_, base64_.translate(str.maketrans("+/", "-_"))):
        width = TELLING_BYTES * 8 // 5
        yield from (text[start : start + width] for start in range(len(text) - width + 1))


def everything_told_by(error: BaseException) -> Iterator[str]:
    """All texts that a log or an error reporter could take from an exception and from those beneath it."""
    yield "".join(traceback.format_exception(error))
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        yield from (str(at), repr(at), repr(at.args), repr(vars(at)), repr(getattr(at, "object", None)))
        at = at.__cause__ or at.__context__


@pytest.fixture
def assert_silent() -> Callable[[str | BaseException, bytes], None]:
    """Asserts that a text, or an exception, tells no telling run of a secret."""

    def check(said: str | BaseException, secret: bytes) -> None:
        texts = [said] if isinstance(said, str) else list(everything_told_by(said))
        for spelling in spellings(secret):
            assert not any(spelling in text for text in texts), "a secret was told"

    return check
