"""Tokens as rows."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from keyfob import Algorithm, Parameters
from keyfob.errors import InvalidOcraSuiteError, InvalidParametersError
from keyfob.ocra import OcraSuite
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import DamagedTokenError, SerialTakenError, StaleRowError, TokenNotFoundError
from keyfob_verifier.records import Token, TokenKind, TokenStatus
from keyfob_verifier.store.bulk import BulkSelect, BulkUpdate
from keyfob_verifier.store.schema import tokens

_IDENTITY = ("id", "tenant_id", "serial", "account", "issuer")
_PARAMETERS = ("algorithm", "digits", "time_step_s", "t0_s")
_SEALED = ("sealed_seed", "data_key_id", "policy")
_DRIFT = tuple(f"drift_{field}" for field in State._fields)
_LIFE = ("created_at", "activated_at", "revoked_at", "version")
_KIND = ("kind", "suite", "sealed_as")
_COLUMNS = (
    *_IDENTITY,
    *_PARAMETERS,
    "grade_ppm",
    "status",
    *_SEALED,
    *_LIFE,
    *_KIND,
    *_DRIFT,
)
SELECT = select(*(tokens.c[name] for name in _COLUMNS))
_DRIFT_AT = -len(_DRIFT)

_LOCK = BulkSelect(tokens, _COLUMNS, of="serial", order=("id",))
_CHANGE = BulkUpdate(
    tokens,
    known=("id", "version", "status"),
    changed=("version", "status", "activated_at", "revoked_at", "policy", *_DRIFT),
)

_STATUSES = {status.value: status for status in TokenStatus}
_KINDS = {kind.value: kind for kind in TokenKind}


class Tokens:
    """The tokens of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: Token) -> None:
        """Adds a token.

        Raises:
            SerialTakenError: its tenant has a token with that serial.
        """
        try:
            self._connection.execute(insert(tokens), _to_row(token))
        except IntegrityError:
            raise SerialTakenError(token.serial) from None

    def get(self, tenant_id: str, serial: str) -> Token:
        """A token by its serial.

        Raises:
            TokenNotFoundError: there is none.
        """
        query = SELECT.where(tokens.c.tenant_id == tenant_id, tokens.c.serial == serial)
        found = self._connection.execute(query).first()
        if found is None:
            raise TokenNotFoundError(serial)
        return token_from_row(found)

    def lock(self, tenant_id: str, serials: Iterable[str]) -> dict[str, Token]:
        """The tokens with these serials, by serial, kept from other writers until the transaction ends.

        Rows are locked in the order of their ids, so that two batches never wait for each other.
        """
        found = _LOCK(self._connection, tenant_id, serials)
        return {token.serial: token for token in map(token_from_row, found)}

    def page(self, tenant_id: str, after: str, limit: int) -> list[Token]:
        """Up to `limit` tokens in the order of their serials, those after serial `after`."""
        query = (
            SELECT.where(tokens.c.tenant_id == tenant_id, tokens.c.serial > after)
            .order_by(tokens.c.serial)
            .limit(limit)
        )
        return [token_from_row(row) for row in self._connection.execute(query)]

    def change(self, changes: Sequence[tuple[Token, Token]]) -> None:
        """Writes new states over known ones, each token once.

        Args:
            changes: pairs of the token as it was read and as it is from now on.

        Raises:
            StaleRowError: one of them is no longer as it was read.
        """
        rows = [_to_change(known, new) for known, new in changes]
        if _CHANGE(self._connection, rows) != len(rows):
            raise StaleRowError


def _to_row(token: Token) -> dict[str, Any]:
    parameters = token.parameters
    return (
        {
            name: getattr(token, name)
            for name in (*_IDENTITY, *_SEALED, *_LIFE, "suite", "sealed_as", "grade_ppm")
        }
        | {
            "algorithm": parameters.algorithm.value,
            "digits": parameters.digits,
            "time_step_s": parameters.time_step_s,
            "t0_s": parameters.t0_s,
            "kind": token.kind.value,
            "status": token.status.value,
        }
        | dict(zip(_DRIFT, token.drift, strict=True))
    )


def _to_change(known: Token, new: Token) -> tuple[Any, ...]:
    changed = (known.version + 1, new.status.value, new.activated_at, new.revoked_at, new.policy)
    return (*changed, *new.drift, known.id, known.version, known.status.value)


def token_from_row(row: Sequence[Any]) -> Token:
    """The token of a row that `SELECT` gave.

    Raises:
        DamagedTokenError: it holds what keyfob never writes.
    """
    try:
        return _to_token(row)
    except (KeyError, ValueError, InvalidParametersError, InvalidOcraSuiteError):
        raise DamagedTokenError(row[_COLUMNS.index("serial")]) from None


def _to_token(row: Sequence[Any]) -> Token:
    token_id, tenant_id, serial, account, issuer, algorithm, digits, time_step_s, t0_s = row[:9]
    grade_ppm, status, sealed_seed, data_key_id, policy = row[9:14]
    created_at, activated_at, revoked_at, version, kind, suite, sealed_as = row[14:_DRIFT_AT]
    return Token(
        token_id,
        tenant_id,
        serial,
        account,
        issuer,
        _parameters(algorithm, digits, time_step_s, t0_s),
        grade_ppm,
        _STATUSES[status],
        sealed_seed,
        data_key_id,
        policy,
        State(*row[_DRIFT_AT:]),
        created_at,
        activated_at,
        revoked_at,
        version,
        _KINDS[kind],
        _suite(suite),
        sealed_as,
    )


@lru_cache(maxsize=256)
def _suite(text: str | None) -> str | None:
    """A suite that can be read, or none."""
    return None if text is None else str(OcraSuite.parse(text))


@lru_cache(maxsize=1024)
def _parameters(algorithm: str, digits: int, time_step_s: int, t0_s: int) -> Parameters:
    return Parameters(Algorithm(algorithm), digits, time_step_s, t0_s)
