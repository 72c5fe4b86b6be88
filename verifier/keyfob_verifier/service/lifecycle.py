"""A token's life after enrolment: activated, resynchronized, revoked."""

from collections.abc import Sequence
from dataclasses import replace

from keyfob import Seed, parse_code
from keyfob.errors import MalformedCodeError
from keyfob_verifier.decide.resync import find_run
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.records import AuditEntry, Token, TokenStatus
from keyfob_verifier.service.comparison import compare
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.finding import finder
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.store.database import Transaction


def activate(context: Context, tenant_id: str, actor: str, serial: str, code: str) -> Outcome:
    """Activates a pending token with its first code, which counts as used.

    Raises:
        TokenNotFoundError: there is no such token.
        TokenStatusError: it is not pending.
        StorageUnavailableError: nothing was changed.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        token = _lock(transaction, tenant_id, serial, TokenStatus.PENDING)
        changed, outcome = _search(context, token, at, [code])
        if outcome.reason is Reason.ACCEPTED:
            changed = replace(changed, status=TokenStatus.ACTIVE, activated_at=at)
        _keep(
            transaction,
            token,
            changed,
            AuditEntry(at, actor, "activate", serial, outcome.reason, outcome.step),
        )
    return outcome


def resync(context: Context, tenant_id: str, actor: str, serial: str, codes: tuple[str, str]) -> Outcome:
    """Finds an active token's clock again with two consecutive codes, which count as used. It is no login.

    Raises:
        TokenNotFoundError: there is no such token.
        TokenStatusError: it is not active.
        StorageUnavailableError: nothing was changed.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        token = _lock(transaction, tenant_id, serial, TokenStatus.ACTIVE)
        changed, outcome = _search(context, token, at, codes)
        _keep(
            transaction, token, changed, AuditEntry(at, actor, "resync", serial, outcome.reason, outcome.step)
        )
    return outcome


def revoke(context: Context, tenant_id: str, actor: str, serial: str) -> Token:
    """Revokes a token for good; one that is revoked already stays as it is.

    Raises:
        TokenNotFoundError: there is no such token.
        StorageUnavailableError: nothing was changed.
    """
    at = context.clock.now()
    with context.store.write() as transaction:
        token = _lock(transaction, tenant_id, serial)
        if token.status is TokenStatus.REVOKED:
            return token
        changed = replace(token, status=TokenStatus.REVOKED, revoked_at=at)
        _keep(transaction, token, changed, AuditEntry(at, actor, "revoke", serial, changed.status))
    return changed


def _lock(transaction: Transaction, tenant_id: str, serial: str, wanted: TokenStatus | None = None) -> Token:
    token = transaction.tokens.lock(tenant_id, [serial]).get(serial)
    if token is None:
        raise TokenNotFoundError(serial)
    if wanted is not None and token.status is not wanted:
        raise TokenStatusError(serial, token.status, wanted)
    return token


def _keep(transaction: Transaction, known: Token, changed: Token, entry: AuditEntry) -> None:
    if changed is not known:
        transaction.tokens.change([(known, changed)])
    transaction.audit.append(known.tenant_id, [entry])


def _search(context: Context, token: Token, at: float, typed: Sequence[str]) -> tuple[Token, Outcome]:
    try:
        codes = [parse_code(text, token.parameters) for text in typed]
    except MalformedCodeError as error:
        return token, Outcome(Reason.MALFORMED, digits=error.digits)

    def comparison(seed: Seed) -> tuple[Reason, State, int | None]:
        policy, known = context.policy_for(token), context.drift_of(token)
        found = find_run(policy, known, codes, at, finder(seed, token.parameters))
        return (Reason.WRONG, known, None) if found is None else (Reason.ACCEPTED, found, found.last_step)

    return compare(context, token, at, comparison)
