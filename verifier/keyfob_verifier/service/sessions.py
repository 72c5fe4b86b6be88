"""Sessions of people who have signed in: opened, resumed with every request, ended."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from keyfob_verifier.access import Caller
from keyfob_verifier.people import Person, Session
from keyfob_verifier.people_errors import SessionEndedError, SignInRefusedError
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.roles import permissions_of
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction

COOKIE = "keyfob_session"
IDLE_S = 15 * 60.0
"""A session that is not used for so long is over."""
LONGEST_S = 12 * 3600.0
"""No session lasts longer."""
SEEN_EVERY_S = 60.0
"""How exactly it is kept when a session was last used: a write for each request would be too many."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session, and what its holder proves it with, which is kept nowhere else.

    Attributes:
        secret: 256 random bits in hexadecimal.
    """

    secret: str = field(repr=False)
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, within a session.

    Attributes:
        person: somebody who may still sign in, with a token that is still active.
        caller: them with what their role permits now.
        session: as it was before this request.
    """

    person: Person
    caller: Caller
    session: Session


def open_session(context: Context, person: Person) -> Opened:
    """Opens a session for somebody whose password and code were right; every one has a new secret.

    Raises:
        SignInRefusedError: meanwhile they were changed: disabled, or given another password.
        StorageUnavailableError: there is no session.
    """
    at, secret = context.clock.now(), secrets.token_bytes(_SECRET_BYTES)
    session = Session(hashlib.sha256(secret).digest(), person.id, at, at, at + LONGEST_S)

    def open_within(transaction: Transaction) -> None:
        present = transaction.people.lock(person.tenant_id, person.name)
        if present != person:
            raise SignInRefusedError
        transaction.sessions.forget_expired(at)
        transaction.sessions.add(session)
        _note(transaction, person, "sign-in", "accepted", at)

    written(context.store, open_within)
    return Opened(secret.hex(), session, person)


def resume(context: Context, secret: str) -> SignedIn:
    """Who holds this secret, as long as their session lasts.

    Raises:
        SessionEndedError: there is no such session, it is over, or its person may not sign in any more.
        StorageUnavailableError: the database does not answer.
    """
    secret_sha256, at = _digest(secret), context.clock.now()
    with context.store.read() as transaction:
        found = transaction.sessions.find(secret_sha256)
        if found is None or not _lasts(found[0], at):
            raise SessionEndedError
        session, person = found
        permissions = permissions_of(transaction, person.tenant_id, person.role)
    if abs(at - session.seen_at) >= SEEN_EVERY_S:
        with context.store.write() as transaction:
            transaction.sessions.seen(secret_sha256, at)
    return SignedIn(person, Caller(person.tenant_id, person.actor, person.role, permissions), session)


def end(context: Context, secret: str) -> None:
    """Ends a session; without one nothing happens.

    Raises:
        StorageUnavailableError: it was not ended.
    """
    try:
        secret_sha256 = _digest(secret)
    except SessionEndedError:
        return
    at = context.clock.now()

    def end_within(transaction: Transaction) -> None:
        found = transaction.sessions.find(secret_sha256)
        transaction.sessions.end(secret_sha256)
        if found is not None:
            _note(transaction, found[1], "sign-out", "done", at)

    written(context.store, end_within)


def form_token(secret: str) -> str:
    """What a form of this session's pages carries, and nobody else's form can; it does not give the secret away."""
    return hmac.digest(secret.encode(), b"keyfob console form", "sha256").hex()


def _lasts(session: Session, at: float) -> bool:
    """Whether a session is still open; one from the future is not, whatever put the clock back."""
    return session.created_at <= at < min(session.expires_at, session.seen_at + IDLE_S)


def _note(transaction: Transaction, person: Person, action: str, outcome: str, at: float) -> None:
    entry = AuditEntry(at, person.actor, action, person.serial, outcome)
    transaction.audit.append(person.tenant_id, [entry])


def _digest(secret: str) -> bytes:
    try:
        raw = bytes.fromhex(secret)
    except ValueError:
        raise SessionEndedError from None
    if len(raw) != _SECRET_BYTES:
        raise SessionEndedError
    return hashlib.sha256(raw).digest()
