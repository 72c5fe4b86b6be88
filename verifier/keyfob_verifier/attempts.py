"""What is remembered of attempts: failures by whom they were at, answers that may be asked for again, questions."""

import enum
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from keyfob_verifier.decide.throttle import ThrottleState


class Standing(enum.StrEnum):
    """Whose failures a budget counts."""

    KNOWN = "known"
    """Those from sources from which the token was used before."""
    UNKNOWN = "unknown"
    """Those from everywhere else."""


class ThrottleKey(NamedTuple):
    """What a budget is for.

    Attributes:
        subject: a token, a user or a source; see `token_subject` and its neighbours.
        standing: whose failures it counts.
    """

    subject: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Failures:
    """A row of the throttles.

    Attributes:
        state: the budget and the back-off.
        version: counts the changes of the row; 0 for one that is not there yet.
        last_wrong: the last wrong code of a token, sealed; None for none.
        refused_at: when the last attempt at the token was refused, whatever the reason.
    """

    state: ThrottleState
    version: int = 0
    last_wrong: bytes | None = None
    refused_at: float | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What became of an attempt that may be asked for again.

    Attributes:
        reason: as `service.outcome.Reason` names it.
        step: the time step that the code was of, where it was of one.
        retry_after_s: how long to wait.
        at: when it was given.
    """

    reason: str
    step: int | None
    retry_after_s: float
    at: float


class Challenge(NamedTuple):
    """What a token was asked, and what its response is computed from besides (RFC 6287).

    Attributes:
        question: as its holder typed it.
        session: session information, where the token's suite wants some.
    """

    question: str
    session: bytes | None = None


class KeptQuestion(NamedTuple):
    """A row of the questions: one that was asked and is open, or one that was answered.

    Attributes:
        at: when.
        step: the time step of the answer, or `ANSWERED`; None while it is open.
    """

    at: float
    step: int | None = None


ANSWERED = -1
"""Stands for the step of an answer that has none: its question is answered for good."""


def token_subject(token_id: str) -> str:
    """A token as the subject of a budget."""
    return f"token:{token_id}"


def user_subject(tenant_id: str, account: str) -> str:
    """A user: whoever has this account in the tenant, with all tokens of it."""
    return f"user:{digest('user', tenant_id, account).hex()}"


def source_subject(tenant_id: str, source: str) -> str:
    """A source that callers of the tenant name."""
    return f"source:{digest('source', tenant_id, source).hex()}"


def nobody_subject(tenant_id: str, serial: str) -> str:
    """A serial that no active token of the tenant has."""
    return f"nobody:{digest('nobody', tenant_id, serial).hex()}"


def digest(*fields: str) -> bytes:
    """SHA-256 over the fields, each with its length before it, so that no two readings agree."""
    encoded = (field.encode() for field in fields)
    return hashlib.sha256(b"".join(len(field).to_bytes(4, "big") + field for field in encoded)).digest()
