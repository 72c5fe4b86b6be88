"""What opens an encrypted PSKC file, and the errors of one that stays shut."""

from dataclasses import dataclass, field

from keyfob.errors import InvalidParametersError
from keyfob.formats.rows import SeedFileError

KEY_BYTES = (16, 24, 32)
"""The lengths of AES keys."""


@dataclass(frozen=True, slots=True)
class PreSharedKey:
    """An AES key that both sides have already.

    Attributes:
        key: 16, 24 or 32 bytes.
        name: what the file must call it, if it names one; None: any name will do.

    Raises:
        InvalidParametersError: the key has another length.
    """

    key: bytes = field(repr=False)
    name: str | None = None

    def __post_init__(self) -> None:
        if len(self.key) not in KEY_BYTES:
            raise InvalidParametersError("pre-shared key", len(self.key), "16, 24 or 32 bytes long")


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase, from which PBKDF2 derives the key.

    Raises:
        InvalidParametersError: it is empty, or UTF-8 cannot say it.
    """

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.text or any("\ud800" <= c <= "\udfff" for c in self.text):
            found = f"{len(self.text)} characters"
            raise InvalidParametersError(
                "passphrase", found, "one character long or more, all of them Unicode's"
            )


PskcKey = PreSharedKey | Passphrase


class PskcKeyMissingError(SeedFileError):
    """A PSKC file is encrypted, and what it takes to open it was not given."""

    code = "pskc-key-missing"

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(0, f"it is encrypted: give {wanted}")


class PskcKeyWrongError(SeedFileError):
    """A PSKC file does not open with the key or the passphrase that was given."""

    code = "pskc-key-wrong"

    def __init__(self, reason: str = "the key or passphrase is wrong, or the file was altered") -> None:
        self.reason = reason
        super().__init__(0, f"it does not open: {reason}")


class PskcMacMissingError(SeedFileError):
    """A value of a PSKC file is encrypted in a mode that needs a MAC, and has none; `number` counts its keys from 1."""

    code = "pskc-mac-missing"

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(
            0, f"key {number} has a value without a MAC, so that anybody may have altered it: ask for it anew"
        )


class PskcMacWrongError(SeedFileError):
    """A value of a PSKC file has a MAC that is not its own; `number` counts its keys from 1."""

    code = "pskc-mac-wrong"

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(
            0,
            f"key {number} has a value with a wrong MAC: the key or passphrase is wrong, or the file was altered",
        )
