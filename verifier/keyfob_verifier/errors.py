"""The verifier's errors: a stable `code`, the HTTP status that fits, and one sentence each."""

from typing import ClassVar

from keyfob.errors import KeyfobError


class VerifierError(KeyfobError):
    """The root of the verifier's own errors."""

    code = "verifier-error"
    status: ClassVar[int] = 500


class StorageUnavailableError(VerifierError):
    """The database does not answer, or cannot write; nothing was decided.

    Attributes:
        reason: what the database said, for those who run it.
    """

    code = "storage-unavailable"
    status = 503
    retry_after_s: ClassVar[int] = 5

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the database cannot be used: {reason}; nothing was changed")


class StaleRowError(VerifierError):
    """A row changed between its reading and its writing; the whole batch is to be repeated."""

    code = "stale-row"
    status = 503


class DatabaseMissingError(VerifierError):
    """There is no keyfob database where one was expected."""

    code = "database-missing"

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"there is no keyfob database at {url}: run 'keyfob init' first")


class DatabaseExistsError(VerifierError):
    """There is a keyfob database already where a new one was asked for."""

    code = "database-exists"

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"there is a keyfob database at {url} already; nothing was changed")


class InvalidDatabaseUrlError(VerifierError):
    """A database URL that keyfob cannot use. It is not repeated: it may hold a password."""

    code = "invalid-database-url"

    def __init__(self) -> None:
        super().__init__(
            "the database URL must look like sqlite:////var/lib/keyfob/verifier.db or "
            "postgresql+psycopg://user:password@host/name",
        )


class UnusableDatabaseError(VerifierError):
    """The file is no SQLite database, or a damaged one."""

    code = "unusable-database"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the database file cannot be used ({reason}); restore it from a backup")


class UnknownSchemaError(VerifierError):
    """The database was written by a version of keyfob that this one does not know."""

    code = "unknown-schema"

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"the database has schema {revision!r}, which this keyfob does not know: it is from a newer version; "
            "upgrade keyfob",
        )


class WrongPurposeError(VerifierError):
    """A test database was to be served for real, or a real one with a test clock."""

    code = "wrong-purpose"

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose
        super().__init__(
            "this database was created for tests: only 'keyfob serve --test-clock' opens it"
            if purpose == "test"
            else "a test clock may only drive a database created by 'keyfob init --test'",
        )


class InvalidSerialError(VerifierError):
    """A serial number has characters that do not travel well, or too many."""

    code = "invalid-serial"
    status = 422

    def __init__(self) -> None:
        super().__init__("a serial has 1 to 64 letters, digits, dots, hyphens or underscores")


class SerialTakenError(VerifierError):
    """A token with this serial exists."""

    code = "serial-taken"
    status = 409

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"there is a token with the serial {serial!r} already")


class TokenNotFoundError(VerifierError):
    """No token has this serial."""

    code = "token-not-found"
    status = 404

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"there is no token with the serial {serial!r}")


class DamagedTokenError(VerifierError):
    """A token's row holds what keyfob never writes."""

    code = "damaged-token"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"the record of token {serial!r} was altered in the database: restore it from a backup"
        )


class TokenStatusError(VerifierError):
    """The token's status does not allow what was asked."""

    code = "token-status"
    status = 409

    def __init__(self, serial: str, status: str, wanted: str) -> None:
        self.serial, self.found, self.wanted = serial, status, wanted
        super().__init__(f"token {serial!r} is {status}; this needs a token that is {wanted}")


class ReportSerialError(VerifierError):
    """A diagnostic report is of another fob than the token's."""

    code = "report-serial"
    status = 422

    def __init__(self, serial: str, found: str) -> None:
        self.serial, self.found = serial, found
        super().__init__(f"the report is of the fob {found!r}, not of {serial!r}: name the token of that fob")


class SupportRecordNotFoundError(VerifierError):
    """No support record has this id."""

    code = "support-record-not-found"
    status = 404

    def __init__(self, record_id: int) -> None:
        self.record_id = record_id
        super().__init__(f"there is no support record {record_id}")


class SupportStateError(VerifierError):
    """A support record cannot go from its state to the one that was asked for."""

    code = "support-state"
    status = 409

    def __init__(self, record_id: int, found: str, allowed: str) -> None:
        self.record_id, self.found, self.allowed = record_id, found, allowed
        super().__init__(f"support record {record_id} is {found}; from there it can become {allowed}")


class DamagedSupportRecordError(VerifierError):
    """A support record's row holds what keyfob never writes."""

    code = "damaged-support-record"

    def __init__(self, record_id: int) -> None:
        self.record_id = record_id
        super().__init__(f"support record {record_id} was altered in the database: restore it from a backup")


class UnauthorizedError(VerifierError):
    """No API key, or none that is valid."""

    code = "unauthorized"
    status = 401

    def __init__(self) -> None:
        super().__init__("this needs a valid API key: Authorization: Bearer kf_…")


class NotLoopbackError(VerifierError):
    """A test clock was asked for on an address that others can reach."""

    code = "not-loopback"

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"a test clock needs a loopback address, such as 127.0.0.1, not {host!r}")


class UnreadableCodeError(VerifierError):
    """What was sent cannot be a code of any token."""

    code = "malformed-code"
    status = 422

    def __init__(self) -> None:
        super().__init__("a code has 6 to 10 digits, 0 to 9; single spaces between them are fine")
