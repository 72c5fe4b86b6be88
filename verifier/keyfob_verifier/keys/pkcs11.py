"""A key-encryption key that never leaves an HSM (PKCS#11): AES-256-GCM is computed inside it."""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any, Self, TypeVar

from keyfob.errors import UnsealError
from keyfob.extras import needs_extra
from keyfob_verifier.keys.errors import HsmKeyError, HsmUnavailableError
from keyfob_verifier.keys.pkcs11_uri import Pkcs11Uri, read_pin

with needs_extra("hsm"):
    from pkcs11 import (
        Attribute,
        GCMParams,
        KeyType,
        Mechanism,
        MechanismFlag,
        ObjectClass,
        Session,
        Token,
        lib,
    )
    from pkcs11.exceptions import (
        MultipleObjectsReturned,
        NoSuchKey,
        PinIncorrect,
        PKCS11Error,
        UserAlreadyLoggedIn,
    )

KEY_BITS = 256
_NEW_ID_BYTES = 8
_MAX_ID_BYTES = 12
_TAG_BITS = 128
_NONCE_BYTES = 12

Result = TypeVar("Result")


class HsmKek:
    """A key of an HSM, for as long as the process lives.

    Args:
        uri: which key.
        environment: where a PIN may be.

    Raises:
        HsmUnavailableError: the HSM does not answer or refuses; the reason says what.
        HsmKeyError: it has no such key, or one that is not fit.
        PinSourceError: there is no PIN.
    """

    def __init__(self, uri: Pkcs11Uri, environment: Mapping[str, str]) -> None:
        self._label = uri.object
        self._hsm = _hsm(uri.module_path, uri.token, uri.serial)
        self._pin: Callable[[], str] = lambda: read_pin(uri.pin_source, environment)
        self.source = str(uri)
        self.kek_id = self._with_key(lambda key: _checked_id(uri.object, key))

    @classmethod
    def open_or_generate(cls, uri: Pkcs11Uri, environment: Mapping[str, str]) -> Self:
        """The key; where there is none of its label, a new one that cannot leave the HSM."""
        hsm = _hsm(uri.module_path, uri.token, uri.serial)
        hsm.use(
            lambda session: _generate_if_missing(session, uri.object),
            lambda: read_pin(uri.pin_source, environment),
        )
        return cls(uri, environment)

    def encrypt(self, plain: bytes, associated: bytes, nonce: bytes) -> bytes:
        """Ciphertext and tag. Raises `HsmUnavailableError`."""
        return self._with_key(lambda key: _encrypt(key, plain, associated, nonce))

    def decrypt(self, ciphertext: bytes, associated: bytes, nonce: bytes) -> bytearray:
        """The opposite of `encrypt`.

        Raises:
            UnsealError: the key, the associated data, the nonce or a bit of the text is another.
            HsmUnavailableError: the HSM does not answer or refuses.
        """
        if len(nonce) != _NONCE_BYTES or len(ciphertext) * 8 < _TAG_BITS:
            raise UnsealError
        return self._with_key(lambda key: _decrypt(key, ciphertext, associated, nonce))

    def _with_key(self, use: Callable[[Any], Result]) -> Result:
        return self._hsm.use(lambda session: use(_find(session, self._label)), self._pin)


class _Hsm:
    """A token of an HSM with one session: whether a process is logged in is the same for all that it has (PKCS#11).

    A session that the HSM has ended is opened again. A PIN that it has refused is not tried again, since HSMs lock
    themselves after a few.
    """

    def __init__(self, module_path: str, label: str, serial: str | None) -> None:
        self._module_path, self._label, self._serial = module_path, label, serial
        self._lock = Lock()
        self._session: Session | None = None
        self._refused = False

    def use(self, use: Callable[[Session], Result], pin: Callable[[], str]) -> Result:
        """Does something in the session, one thing at a time."""
        with self._lock:
            if self._session is not None:
                try:
                    return use(self._session)
                except PKCS11Error:
                    self._close()
            try:
                self._session = self._open(pin)
                return use(self._session)
            except PKCS11Error as error:
                said = str(error) or type(error).__name__
                raise HsmUnavailableError(" ".join(said.split())) from None

    def _open(self, pin: Callable[[], str]) -> Session:
        if self._refused:
            raise HsmUnavailableError(
                "it refused the PIN, which is not tried again: correct it and start anew"
            )
        token = self._token()
        try:
            return token.open(user_pin=pin())
        except UserAlreadyLoggedIn:
            return token.open()
        except PinIncorrect:
            self._refused = True
            raise

    def _token(self) -> Token:
        named = {"token_label": self._label}
        serial = None if self._serial is None else self._serial.encode()
        return lib(self._module_path).get_token(**named, token_serial=serial)

    def _close(self) -> None:
        if self._session is not None:
            with contextlib.suppress(PKCS11Error):
                self._session.close()
            self._session = None


@lru_cache(maxsize=16)
def _hsm(module_path: str, label: str, serial: str | None) -> _Hsm:
    return _Hsm(module_path, label, serial)


def _find(session: Session, label: str) -> Any:
    try:
        return session.get_key(object_class=ObjectClass.SECRET_KEY, label=label)
    except NoSuchKey:
        raise HsmKeyError(label, "does not exist: restore it; only it opens what it wrapped") from None
    except MultipleObjectsReturned:
        raise HsmKeyError(label, "exists more than once: give each a label of its own") from None


def _generate_if_missing(session: Session, label: str) -> None:
    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}
    if list(session.get_objects(wanted)):
        return
    with session.token.open(rw=True) as writing:  # logged in as the other session is
        writing.generate_key(
            KeyType.AES,
            KEY_BITS,
            label=label,
            id=secrets.token_bytes(_NEW_ID_BYTES),
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template={Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )


def _checked_id(label: str, key: Any) -> str:
    """The id of a key that is fit: AES with 256 bits, unable to leave the HSM, with an id of its own."""
    if key.key_type is not KeyType.AES or key.key_length != KEY_BITS:
        raise HsmKeyError(label, f"is no AES key of {KEY_BITS} bits")
    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise HsmKeyError(label, "could leave the HSM: it must be sensitive and not extractable")
    if not 1 <= len(key.id) <= _MAX_ID_BYTES:
        raise HsmKeyError(label, f"needs an id (CKA_ID) of 1 to {_MAX_ID_BYTES} bytes")
    return f"hsm-{key.id.hex()}"


def _encrypt(key: Any, plain: bytes, associated: bytes, nonce: bytes) -> bytes:
    return bytes(key.encrypt(plain, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, associated)))


def _decrypt(key: Any, ciphertext: bytes, associated: bytes, nonce: bytes) -> bytearray:
    try:
        return bytearray(
            key.decrypt(ciphertext, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, associated))
        )
    except PKCS11Error:
        # SoftHSM and others call a wrong tag a general error; a key that works tells it from a failing HSM
        _encrypt(key, b"keyfob", b"", secrets.token_bytes(_NONCE_BYTES))
        raise UnsealError from None


def _gcm(nonce: bytes, associated: bytes) -> GCMParams:
    return GCMParams(nonce, associated, _TAG_BITS)
