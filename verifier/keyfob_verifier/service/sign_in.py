"""Signing in: a password, then a code of the person's own token, verified as any code is."""

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from keyfob_verifier.people import Person, is_person_name, normalise_name
from keyfob_verifier.people_errors import SignInRefusedError
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Answer, Outcome
from keyfob_verifier.service.passwords import Passwords
from keyfob_verifier.service.sessions import Opened, open_session
from keyfob_verifier.service.throttling import Throttling, subjects_of
from keyfob_verifier.service.verification import Attempt
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction

NOBODY = "person:?"
"""Who acted, where no such person exists: what was typed as a name may be a password."""

Verify = Callable[[Attempt], Outcome]
"""Decides on a code, durably."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What somebody typed to be let in.

    Attributes:
        tenant_id: the tenant.
        name: the person's.
        source: where from, for the limits on guessing.
    """

    tenant_id: str
    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    source: str


class PasswordVerdict(enum.StrEnum):
    """What became of a password, for the record."""

    RIGHT = "right"
    WRONG = "wrong-password"
    THROTTLED = "throttled"
    DISABLED = "disabled"
    UNKNOWN = "unknown-person"


def sign_in(context: Context, passwords: Passwords, verify: Verify, wanted: SignIn) -> Opened:
    """Lets somebody in whose password and whose code are right, and opens a session.

    The password costs the same whoever is named. A wrong one is charged to its person and to whoever has their token,
    as a wrong code is; while one of them waits, no password is right. A code is looked at only after a right one.

    Raises:
        SignInRefusedError: they are not let in; it tells nothing of the reason.
        StorageUnavailableError: nothing was decided.
    """
    wanted = replace(wanted, name=normalise_name(wanted.name))
    known = _find(context, wanted)
    matches = passwords.match(None if known is None else known.password_hash, wanted.password)
    person = _judge(context, wanted, known, matches=matches)
    if verify(_attempt(context, person, wanted)).answer is not Answer.ACCEPTED:
        raise SignInRefusedError
    return open_session(context, person)


def _find(context: Context, wanted: SignIn) -> Person | None:
    if not is_person_name(wanted.name) or not re.fullmatch(r"[a-z0-9-]{1,64}", wanted.tenant_id):
        return None
    with context.store.read() as transaction:
        return transaction.people.find(wanted.tenant_id, wanted.name)


def _judge(context: Context, wanted: SignIn, known: Person | None, *, matches: bool) -> Person:
    """The person, where the password was right and may be; what was found is durable when it returns or raises.

    Raises:
        SignInRefusedError: it was not.
    """
    now = context.guard.moment()

    def judge_within(transaction: Transaction) -> PasswordVerdict:
        transaction.touch()
        verdict = _verdict(transaction, context, known, wanted.source, now.steady_at, matches=matches)
        if verdict is not PasswordVerdict.RIGHT:
            _note(transaction, wanted.tenant_id, known, verdict, now.at)
        return verdict

    verdict = written(context.store, judge_within)
    if known is None or verdict is not PasswordVerdict.RIGHT:
        raise SignInRefusedError
    return known


def _verdict(
    transaction: Transaction, context: Context, known: Person | None, source: str, at: float, *, matches: bool
) -> PasswordVerdict:
    if known is None:
        return PasswordVerdict.UNKNOWN
    tenant_id = known.tenant_id
    if transaction.people.lock(tenant_id, known.name).disabled_at is not None:
        return PasswordVerdict.DISABLED
    token = transaction.tokens.lock(tenant_id, [known.serial])[known.serial]
    subjects = subjects_of(tenant_id, known.serial, token, source)._replace(token=f"person:{known.id}")
    throttling = Throttling(context, transaction, tenant_id, [subjects])
    gate = throttling.gate(subjects, at)
    if gate.wait_s > 0.0:
        return PasswordVerdict.THROTTLED
    if matches:
        return PasswordVerdict.RIGHT
    throttling.failed(gate, None)
    throttling.write(at)
    return PasswordVerdict.WRONG


def _attempt(context: Context, person: Person, wanted: SignIn) -> Attempt:
    now = context.guard.moment()
    return Attempt(
        tenant_id=person.tenant_id,
        actor=person.actor,
        serial=person.serial,
        code=wanted.code,
        at=now.at,
        source=wanted.source,
        steady_at=now.steady_at,
        learns=now.learns,
    )


def _note(
    transaction: Transaction, tenant_id: str, known: Person | None, verdict: PasswordVerdict, at: float
) -> None:
    if known is None and all(tenant.id != tenant_id for tenant in transaction.tenants.all()):
        return
    actor, serial = (NOBODY, None) if known is None else (known.actor, known.serial)
    transaction.audit.append(tenant_id, [AuditEntry(at, actor, "sign-in", serial, verdict)])
