"""Making an installation from a backup, so that no code lives again that was used since."""

from dataclasses import dataclass, replace
from pathlib import Path

from keyfob import Clock
from keyfob_verifier.backup_errors import ClockBehindBackupError
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import WrongPurposeError
from keyfob_verifier.records import AuditEntry, MovingFactor, Purpose, Token, TokenKind, TokenStatus
from keyfob_verifier.service.context import last_policy_of
from keyfob_verifier.store.backup import Advance, restored_database
from keyfob_verifier.store.database import Transaction

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was restored.

    Attributes:
        row_count: how many rows the backup had.
        made_at: the backup's Unix time.
        token_count: how many tokens there are.
        wait_s: after this time every fob's clock is past the codes that are refused for good.
        to_resync: how many tokens need a resynchronization first.
    """

    row_count: int
    made_at: float
    token_count: int
    wait_s: float
    to_resync: int


def restore(path: Path, database_url: str, clock: Clock, actor: str, advance: Advance) -> Restoration:
    """Makes a database from a backup, where there is none yet, and guards its tokens against codes used since.

    Args:
        path: the backup.
        database_url: where the new database goes, of either kind.
        clock: the machine's time; all codes up to then may have been used.
        actor: who restores it, for the record.
        advance: is told of rows as they are restored.

    Raises:
        NotABackupError, DamagedBackupError: the file is no backup, or a damaged one.
        ClockBehindBackupError: by this clock the backup is from the future.
        WrongPurposeError: it is of a test database, whose time is not the machine's.
        DatabaseExistsError: there is a database at the URL.
        StorageUnavailableError: it cannot be made there.
    """
    now = clock.now()
    with restored_database(path, database_url, advance) as restored:
        if restored.purpose is not Purpose.PRODUCTION:
            raise WrongPurposeError(restored.purpose)
        if now < restored.made_at:
            raise ClockBehindBackupError(restored.made_at - now)
        guarded = _guard_all(restored.transaction, now)
        restored.transaction.questions.forget_open()
        for tenant in restored.transaction.tenants.all():
            entry = AuditEntry(now, actor, "restore", None, "restored")
            restored.transaction.audit.append(tenant.id, [entry])
    in_use = [token for token in guarded if token.status is not TokenStatus.REVOKED]
    return Restoration(
        restored.row_count,
        restored.made_at,
        len(guarded),
        max(
            (_wait_s(token, now) for token in in_use if token.moving_factor is MovingFactor.TIME), default=0.0
        ),
        sum(token.status is TokenStatus.RESYNC_REQUIRED for token in in_use),
    )


def guarded_token(token: Token, now: float) -> Token:
    """The token with every code refused for good that may have been used by `now`.

    A code that time moves on is older than that from some step on. Nobody can tell how far a counter has come:
    a token that has one needs two consecutive codes before any other is accepted. Where there is neither, no question
    is open any more, and none that was answered before the backup is asked again.
    """
    if token.moving_factor is MovingFactor.COUNTER:
        return replace(token, status=_resync_required(token.status))
    if token.moving_factor is MovingFactor.QUESTION:
        return token
    step = highest_step(last_policy_of(token), token.drift, now)
    if token.kind is TokenKind.OCRA:  # its last step is good for a question that is not known to be answered
        step = max(step, token.drift.last_step) + 1
    if step <= token.drift.last_step:
        return token
    return replace(token, drift=token.drift._replace(last_step=step))


def highest_step(policy: WindowPolicy, state: State, now: float) -> int:
    """The newest step of which a code may have been accepted by `now`, whatever happened to the token since `state`.

    Logins stay within the window. An activation, a resynchronization or a pair of codes may have found the fob
    anywhere in the policy's search, and the window then stood round that.
    """
    first, last = policy.window(state, now)
    _, farthest = policy.search(state, now)
    return max(farthest, last) + last - first


def _guard_all(transaction: Transaction, now: float) -> list[Token]:
    guarded = []
    for tenant in transaction.tenants.all():
        after = ""
        while known := transaction.tokens.page(tenant.id, after, _PAGE):
            after = known[-1].serial
            page = [guarded_token(token, now) for token in known]
            transaction.tokens.change(
                [(before, token) for before, token in zip(known, page, strict=True) if token is not before]
            )
            guarded += page
    return guarded


def _resync_required(status: TokenStatus) -> TokenStatus:
    return status if status is TokenStatus.REVOKED else TokenStatus.RESYNC_REQUIRED


def _wait_s(token: Token, now: float) -> float:
    """How long it takes until a fob as its token believes it shows a newer code than the last one refused for good."""
    parameters = token.parameters
    ends_at = parameters.t0_s + (token.drift.last_step + 1) * parameters.time_step_s
    offset_s = last_policy_of(token).forecast(token.drift, now).offset_s
    return max(ends_at - now - offset_s, 0.0)
