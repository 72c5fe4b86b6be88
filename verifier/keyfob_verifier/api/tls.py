"""TLS by certificate and key, with errors that say what is wrong with them."""

import ssl
import stat
from pathlib import Path

from keyfob_verifier.edge_errors import (
    TlsFileError,
    TlsKeyEncryptedError,
    TlsKeyExposedError,
    TlsMismatchError,
)

_TOO_OPEN = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO
"""A group may read a key, as Debian's group ssl-cert does."""


class _PassphraseWantedError(Exception):
    pass


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What serves TLS 1.2 and newer with this certificate (and the chain that follows it) and its key, both PEM.

    Raises:
        TlsFileError: one of the files cannot be read, or is not what it should be.
        TlsKeyExposedError: the key's mode lets others at it.
        TlsKeyEncryptedError: the key wants a passphrase.
        TlsMismatchError: they do not belong together.
    """
    _require_readable(certificate)
    _require_readable(key)
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & _TOO_OPEN:
        raise TlsKeyExposedError(key, mode)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, _no_passphrase)
    except _PassphraseWantedError:
        raise TlsKeyEncryptedError(key) from None
    except ssl.SSLError as error:
        raise _explained(certificate, key, error.reason or "") from None
    return context


def _no_passphrase() -> str:
    raise _PassphraseWantedError


def _explained(certificate: Path, key: Path, reason: str) -> TlsFileError | TlsMismatchError:
    if "MISMATCH" in reason:
        return TlsMismatchError(certificate, key)
    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        alone.load_verify_locations(certificate)
    except ssl.SSLError:
        return TlsFileError(certificate, "is no certificate in PEM")
    return TlsFileError(key, "is no private key in PEM")


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise TlsFileError(path, f"cannot be read: {error.strerror or error}") from None
