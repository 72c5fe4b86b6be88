"""A key in an HSM, named by a PKCS#11 URI (RFC 7512), and the PIN, read from where the URI says."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from keyfob_verifier.keys.errors import InvalidKekSpecError, PinInUriError, PinSourceError

SCHEME = "pkcs11:"

_PATH = frozenset({"token", "serial", "object", "type"})
_QUERY = frozenset({"module-path", "pin-source"})
_MAX_PIN_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """Where a key is.

    Attributes:
        token: the label of the HSM's token.
        serial: its serial number, where the label alone is not unique.
        object: the key's label.
        module_path: the HSM's PKCS#11 library.
        pin_source: `env:NAME`, `file:PATH` or a path.
    """

    token: str
    object: str
    module_path: str
    pin_source: str
    serial: str | None = None

    def __str__(self) -> str:
        """The place in words; it holds no secret."""
        return f"key {self.object!r} of the HSM token {self.token!r}"


def parse_pkcs11_uri(text: str) -> Pkcs11Uri:
    """Reads a URI.

    Raises:
        PinInUriError: it holds the PIN.
        InvalidKekSpecError: something is missing, twice there or not known to keyfob.
    """
    if re.search("pin-value", unquote(text), re.IGNORECASE):
        raise PinInUriError
    path, _, query = text.removeprefix(SCHEME).partition("?")
    found = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    if found.pop("type", "secret-key") != "secret-key":
        raise InvalidKekSpecError("names a PKCS#11 object that is no secret key")
    missing = [name for name in ("token", "object", "module-path", "pin-source") if not found.get(name)]
    if missing:
        raise InvalidKekSpecError(f"names no {' and no '.join(missing)} in its PKCS#11 URI")
    return Pkcs11Uri(**{name.replace("-", "_"): value for name, value in found.items()})


def read_pin(source: str, environment: Mapping[str, str]) -> str:
    """The PIN.

    Raises:
        PinSourceError: there is none, or others than the file's owner can read it.
    """
    if source.startswith("env:"):
        pin = environment.get(source.removeprefix("env:"), "")
    else:
        pin = _read_guarded(source, Path(source.removeprefix("file:")))
    if not pin:
        raise PinSourceError(source, "is empty or not set")
    return pin


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name not in known or not equals or name in found:
            raise InvalidKekSpecError(
                f"takes each of {', '.join(sorted(known))} once in that part of a PKCS#11 URI"
            )
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise InvalidKekSpecError("has a PKCS#11 URI that is not UTF-8") from None
    return found


def _read_guarded(source: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_PIN_BYTES)
    except OSError as error:
        raise PinSourceError(source, f"cannot be opened ({error.strerror})") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PinSourceError(source, f"is open to other users (mode {stat.S_IMODE(mode):04o}): chmod 600 it")
    return content.decode("utf-8", "replace").rstrip("\r\n")
