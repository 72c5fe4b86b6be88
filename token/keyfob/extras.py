"""The optional parts of keyfob: a command whose extra is missing says which one to install."""

from collections.abc import Iterator
from contextlib import contextmanager

from keyfob.errors import MissingExtraError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Stands round the imports of a command that needs more than the base install.

        with needs_extra("server"):
            from keyfob_verifier.api.serve import serve

    Raises:
        MissingExtraError: a package from outside keyfob is not installed. One of keyfob's own that is
            missing stays a `ModuleNotFoundError`, since no extra would bring it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package.startswith("keyfob"):
            raise
        raise MissingExtraError(extra, package) from None
