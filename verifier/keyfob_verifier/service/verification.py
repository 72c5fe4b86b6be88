"""Verifying codes: one transaction for all the attempts that wait, each decided on what the one before it left."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from keyfob import Parameters, Seed, parse_code
from keyfob.errors import MalformedCodeError
from keyfob_verifier.decide.decision import decide
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import StaleRowError, StorageUnavailableError
from keyfob_verifier.records import AuditEntry, Token, TokenStatus
from keyfob_verifier.service.comparison import compare
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.store.database import Transaction

TRIES = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code as it arrived.

    Attributes:
        tenant_id: the tenant that asks.
        actor: who asks, for the record.
        serial: the token that is meant.
        code: what was typed.
        at: the verifier's Unix time of its arrival.
    """

    tenant_id: str
    actor: str
    serial: str
    code: str
    at: float


def verify(context: Context, attempts: Sequence[Attempt]) -> list[Outcome]:
    """Decides a batch of attempts, in order of arrival; durable when it returns.

    Raises:
        StorageUnavailableError: nothing was decided, and nothing may be answered that depends on a code.
    """
    for _ in range(TRIES):
        try:
            with context.store.write() as transaction:
                return _verify_within(transaction, context, attempts)
        except StaleRowError:
            continue
    raise StorageUnavailableError("its rows changed again and again while they were decided on")


def _verify_within(transaction: Transaction, context: Context, attempts: Sequence[Attempt]) -> list[Outcome]:
    outcomes: list[Outcome | None] = [None] * len(attempts)
    for tenant_id in sorted({attempt.tenant_id for attempt in attempts}):
        mine = [index for index, attempt in enumerate(attempts) if attempt.tenant_id == tenant_id]
        known = transaction.tokens.lock(tenant_id, {attempts[index].serial for index in mine})
        present = dict(known)
        entries = []
        for index in mine:
            attempt = attempts[index]
            token, outcome = _verify_one(context, present.get(attempt.serial), attempt)
            if token is not None:
                present[attempt.serial] = token
            outcomes[index] = outcome
            entries.append(_entry(attempt, outcome))
        changes = [(known[serial], token) for serial, token in present.items() if token is not known[serial]]
        transaction.tokens.change(changes)
        transaction.audit.append(tenant_id, entries)
    return [outcome for outcome in outcomes if outcome is not None]


def _verify_one(context: Context, token: Token | None, attempt: Attempt) -> tuple[Token | None, Outcome]:
    try:
        code = parse_code(attempt.code, Parameters() if token is None else token.parameters)
    except MalformedCodeError as error:
        return token, Outcome(Reason.MALFORMED, digits=error.digits)
    if token is None:
        return None, Outcome(Reason.UNKNOWN_TOKEN)
    if token.status is not TokenStatus.ACTIVE:
        return token, Outcome(Reason.NOT_ACTIVE)
    return compare(context, token, attempt.at, partial(_decide, context, token, code, attempt.at))


def _decide(
    context: Context,
    token: Token,
    code: str,
    at: float,
    seed: Seed,
) -> tuple[Reason, State, int | None]:
    decision = decide(
        context.policy_for(token),
        context.drift_of(token),
        code,
        at,
        lambda step: seed.code(step, token.parameters),
    )
    return Reason(decision.verdict.value), decision.state, decision.step


def _entry(attempt: Attempt, outcome: Outcome) -> AuditEntry:
    return AuditEntry(
        attempt.at,
        attempt.actor,
        "validate",
        attempt.serial,
        outcome.reason.value,
        outcome.step,
    )
