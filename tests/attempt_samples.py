"""Attempts at a held fob's token, and what is remembered of them."""

from contextlib import contextmanager

from sqlalchemy import event

from keyfob_verifier.attempts import Standing, token_subject, user_subject
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.verification import Attempt, verify


def attempt(fob, code, **named):
    """An attempt at the fob's token now, or as named."""
    known = {"actor": "tester", "serial": fob.serial, "at": fob.context.clock.now()}
    return Attempt(tenant_id=DEFAULT_TENANT, code=code, **known | named)


def outcome_of(fob, code, **named):
    (outcome,) = verify(fob.context, [attempt(fob, code, **named)])
    return outcome


def reason_of(fob, code, **named):
    return outcome_of(fob, code, **named).reason


def activate(fob):
    """Activates the fob's token, and lets two minutes pass."""
    outcome = lifecycle.activate(fob.context, DEFAULT_TENANT, "tester", fob.serial, fob.code())
    assert outcome.reason == "accepted"
    fob.context.clock.advance(seconds=120)
    return fob


def failures_of(fob, standing=Standing.UNKNOWN):
    """What is remembered of failures at the fob's token and by its user: each as it is, or None."""
    token = fob.token()
    subjects = token_subject(token.id), user_subject(DEFAULT_TENANT, token.account)
    with fob.context.store.write() as transaction:
        rows = transaction.throttles.lock(DEFAULT_TENANT, subjects)
    return [rows.get((subject, standing)) for subject in subjects]


@contextmanager
def statements_of(context):
    """Collects the statements that run within the block, without the words that begin and end a transaction."""
    seen = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        if not statement.startswith(("BEGIN", "COMMIT")):
            seen.append(" ".join(statement.split()[:3]))

    engine = context.store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
