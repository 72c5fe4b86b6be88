"""Tokens as rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from keyfob import Algorithm, Parameters
from keyfob.errors import InvalidParametersError
from keyfob_verifier.decide.state import State
from keyfob_verifier.decide.throttle import ThrottleState
from keyfob_verifier.errors import DamagedTokenError, SerialTakenError, StaleRowError, TokenNotFoundError
from keyfob_verifier.records import Token, TokenKind, TokenStatus
from keyfob_verifier.store.schema import tokens

_PLAIN = (
    "id",
    "tenant_id",
    "serial",
    "account",
    "issuer",
    "suite",
    "grade_ppm",
    "policy",
    "data_key_id",
    "sealed_as",
)
_TIMES = ("created_at", "activated_at", "revoked_at", "version")
_DRIFT = tuple(f"drift_{field}" for field in State._fields)
_THROTTLE = tuple(f"throttle_{field}" for field in ThrottleState._fields)
_MUTABLE = ("status", "activated_at", "revoked_at", "policy", *_DRIFT, *_THROTTLE)
_CHANGE = (
    update(tokens)
    .where(
        tokens.c.id == bindparam("known_id"),
        tokens.c.version == bindparam("known_version"),
        tokens.c.status == bindparam("known_status"),
    )
    .values(version=bindparam("next_version"), **{name: bindparam(f"new_{name}") for name in _MUTABLE})
)


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
        found = self._select(tenant_id, [serial]).first()
        if found is None:
            raise TokenNotFoundError(serial)
        return _from_row(found)

    def lock(self, tenant_id: str, serials: Iterable[str]) -> dict[str, Token]:
        """The tokens with these serials, by serial, kept from other writers until the transaction ends.

        Rows are locked in the order of their ids, so that two batches never wait for each other.
        """
        found = self._select(tenant_id, list(serials), locked=True)
        return {token.serial: token for token in map(_from_row, found)}

    def page(self, tenant_id: str, after: str, limit: int) -> list[Token]:
        """Up to `limit` tokens in the order of their serials, those after serial `after`."""
        query = (
            select(tokens)
            .where(tokens.c.tenant_id == tenant_id, tokens.c.serial > after)
            .order_by(tokens.c.serial)
            .limit(limit)
        )
        return [_from_row(row) for row in self._connection.execute(query)]

    def change(self, changes: Sequence[tuple[Token, Token]]) -> None:
        """Writes new states over known ones, each token once.

        Args:
            changes: pairs of the token as it was read and as it is from now on.

        Raises:
            StaleRowError: one of them is no longer as it was read.
        """
        if not changes:
            return
        rows = [_to_change(known, new) for known, new in changes]
        if self._connection.execute(_CHANGE, rows).rowcount != len(rows):
            raise StaleRowError

    def _select(self, tenant_id: str, serials: list[str], *, locked: bool = False) -> Any:
        query = select(tokens).where(tokens.c.tenant_id == tenant_id, tokens.c.serial.in_(serials))
        if locked:
            query = query.order_by(tokens.c.id).with_for_update()
        return self._connection.execute(query)


def _to_row(token: Token) -> dict[str, Any]:
    parameters = token.parameters
    return (
        {name: getattr(token, name) for name in (*_PLAIN, *_TIMES)}
        | {
            "algorithm": parameters.algorithm.value,
            "digits": parameters.digits,
            "time_step_s": parameters.time_step_s,
            "t0_s": parameters.t0_s,
            "kind": token.kind.value,
            "status": token.status.value,
            "sealed_seed": token.sealed_seed,
        }
        | dict(zip(_DRIFT, token.drift, strict=True))
        | dict(zip(_THROTTLE, token.throttle, strict=True))
    )


def _to_change(known: Token, new: Token) -> dict[str, Any]:
    row = _to_row(new)
    change = {f"new_{name}": row[name] for name in _MUTABLE}
    change |= {"known_id": known.id, "known_version": known.version, "known_status": known.status.value}
    return change | {"next_version": known.version + 1}


def _from_row(row: Row[Any]) -> Token:
    try:
        return _to_token(row)
    except (ValueError, InvalidParametersError):
        raise DamagedTokenError(row.serial) from None


def _to_token(row: Row[Any]) -> Token:
    columns = row._mapping  # noqa: SLF001  SQLAlchemy's public name for it
    return Token(
        **{name: columns[name] for name in (*_PLAIN, *_TIMES)},
        parameters=Parameters(
            Algorithm(columns["algorithm"]),
            columns["digits"],
            columns["time_step_s"],
            columns["t0_s"],
        ),
        kind=TokenKind(columns["kind"]),
        status=TokenStatus(columns["status"]),
        sealed_seed=bytes(columns["sealed_seed"]),
        drift=State(*(columns[name] for name in _DRIFT)),
        throttle=ThrottleState(*(columns[name] for name in _THROTTLE)),
    )
