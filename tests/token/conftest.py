"""What the core's tests share."""

import base64
import traceback
from collections.abc import Callable, Iterator

import pytest

LONGEST_HARMLESS = 7
"""Characters of a secret's spelling that may occur anywhere by chance."""


def spellings(secret: bytes) -> set[str]:
    """How a secret may be written by whoever prints it."""
    base32 = base64.b32encode(secret).decode()
    return {
        secret.decode("latin-1"),
        repr(secret)[2:-1],
        str(list(secret))[1:-1],
        secret.hex(),
        secret.hex().upper(),
        base32,
        base32.lower(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
    }


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
def assert_silent() -> Callable[..., None]:
    """Asserts that a text, or an exception, tells no eight characters of a secret's spelling."""

    def check(said: str | BaseException, secret: bytes) -> None:
        texts = [said] if isinstance(said, str) else list(everything_told_by(said))
        for spelling in spellings(secret):
            for start in range(len(spelling) - LONGEST_HARMLESS):
                part = spelling[start : start + LONGEST_HARMLESS + 1]
                assert not any(part in text for text in texts), "a secret was told"

    return check
