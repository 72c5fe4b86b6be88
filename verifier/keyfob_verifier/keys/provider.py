"""Key-encryption keys by name: a file, an environment variable, or a key of an HSM."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from keyfob import SealingKey
from keyfob.key_file import KeyFileExistsError, create_key_file, read_key_file, require_apart
from keyfob_verifier.keys.environment import read_kek_variable
from keyfob_verifier.keys.errors import InvalidKekSpecError
from keyfob_verifier.keys.kek import HeldKek, Kek
from keyfob_verifier.keys.pkcs11_uri import SCHEME as PKCS11
from keyfob_verifier.keys.pkcs11_uri import parse_pkcs11_uri

KekSpec = str | Path
"""A path, `file:PATH`, `env:NAME` or a PKCS#11 URI."""

_FILE = "file:"
_VARIABLE = "env:"


def open_kek(spec: KekSpec, environment: Mapping[str, str] = os.environ) -> Kek:
    """The key that is there.

    Raises:
        InvalidKekSpecError: it names nothing.
        PinInUriError: it is a PKCS#11 URI that holds the PIN.
        KeyFileError: the file cannot be read, or not as it is.
        KekEnvironmentError: the variable holds no key.
        HsmUnavailableError, HsmKeyError, PinSourceError: the HSM cannot be used.
        MissingExtraError: the extra `hsm` is not installed.
    """
    text = str(spec)
    if text.startswith(PKCS11):
        from keyfob_verifier.keys.pkcs11 import HsmKek  # noqa: PLC0415  an extra

        return HsmKek(parse_pkcs11_uri(text), environment)
    if text.startswith(_VARIABLE):
        return read_kek_variable(text.removeprefix(_VARIABLE), environment)
    path = _path(text)
    return HeldKek(read_key_file(path), f"{_FILE}{path}")


def prepare_kek(
    spec: KekSpec, apart_from: Path | None, environment: Mapping[str, str] = os.environ
) -> Callable[[], Kek]:
    """What makes a key for a new installation: in a new file, or in an HSM that has none of its label.

    What can be known to fail fails before anything is made. A key in the environment, and one that the HSM has, are
    taken as they are.

    Args:
        spec: what names it.
        apart_from: the directory of what it protects; None if that lies in no directory.
        environment: where variables are.

    Raises:
        KeyFileExistsError: the file exists; it is left as it is.
        KeyFileNotApartError: it would lie in `apart_from`.
        Others as `open_kek` does.
    """
    text = str(spec)
    if text.startswith(PKCS11):
        from keyfob_verifier.keys.pkcs11 import HsmKek  # noqa: PLC0415  an extra

        uri = parse_pkcs11_uri(text)
        return lambda: HsmKek.open_or_generate(uri, environment)
    if text.startswith(_VARIABLE):
        present = open_kek(text, environment)
        return lambda: present
    path = _path(text)
    if path.exists():
        raise KeyFileExistsError(path)
    if apart_from is not None:
        require_apart(path, apart_from)
    return lambda: _make_file(path, apart_from)


def open_or_make_kek(
    spec: KekSpec, apart_from: Path | None, environment: Mapping[str, str] = os.environ
) -> Kek:
    """The key that is there, or else a new one, as `prepare_kek` makes it."""
    text = str(spec)
    if not text.startswith((PKCS11, _VARIABLE)) and _path(text).exists():
        return open_kek(spec, environment)
    return prepare_kek(spec, apart_from, environment)()


def shown_kek(spec: KekSpec) -> str:
    """A spec as it may be shown.

    Raises:
        PinInUriError: it is a PKCS#11 URI that holds the PIN.
    """
    text = str(spec)
    if text.startswith(PKCS11):
        parse_pkcs11_uri(text)
    return text


def _make_file(path: Path, apart_from: Path | None) -> Kek:
    key = SealingKey.generate()
    create_key_file(path, key, apart_from)
    return HeldKek(key, f"{_FILE}{path}")


def _path(text: str) -> Path:
    path = text.removeprefix(_FILE)
    if not path:
        raise InvalidKekSpecError("names nothing")
    return Path(path)
