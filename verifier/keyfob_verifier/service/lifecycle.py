"""A token's life after enrolment: activated, resynchronized, revoked."""

from collections.abc import Sequence
from dataclasses import replace

from keyfob import Seed
from keyfob.errors import UnsealError
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.resync import find_run
from keyfob_verifier.decide.state import State
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.records import AuditEntry, MovingFactor, Token, TokenKind, TokenStatus
from keyfob_verifier.service.clock_guard import Moment
from keyfob_verifier.service.comparison import moved_on, state_before, typed_code
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.service.questions import Questions, answerable
from keyfob_verifier.service.throttling import Gate, Throttling, subjects_of
from keyfob_verifier.service.token_codes import token_finder
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction
from keyfob_verifier.token_errors import NothingToResyncError, QuestionNotOpenError


def activate(
    context: Context,
    tenant_id: str,
    actor: str,
    serial: str,
    code: str,
    *,
    source: str | None = None,
    challenge: Challenge | None = None,
) -> Outcome:
    """Activates a pending token with its first code, which counts as used.

    Args:
        context: the installation.
        tenant_id: whose token it is.
        actor: who asks, for the record.
        serial: the token's.
        code: as it was typed.
        source: where the person is, in words that the caller vouches for.
        challenge: what the code answers, where the token answers questions.

    Raises:
        TokenNotFoundError: there is no such token.
        TokenStatusError: it is not pending.
        NoQuestionsError: it answers no questions, and there is one.
        QuestionMissingError, OcraInputError, MalformedQuestionError: it does, and there is none, or not of its suite.
        QuestionNotOpenError: nothing but the question moves it on, and this one is not open.
        StorageUnavailableError: nothing was changed.
    """
    now = context.guard.moment()

    def activate_within(transaction: Transaction) -> Outcome:
        token = _lock(transaction, tenant_id, serial, TokenStatus.PENDING)
        search = _Search(context, transaction, token, now, source=source, challenge=challenge)
        changed, outcome = search.run([code])
        if outcome.reason is Reason.ACCEPTED:
            changed = replace(changed, status=TokenStatus.ACTIVE, activated_at=now.at)
            search.throttling.remember_source(search.gate)
        search.throttling.write(now.steady_at)
        _keep(transaction, token, changed, _entry(now, actor, "activate", serial, outcome))
        return outcome

    return written(context.store, activate_within)


def resync(
    context: Context,
    tenant_id: str,
    actor: str,
    serial: str,
    codes: tuple[str, str],
    *,
    source: str | None = None,
    challenge: Challenge | None = None,
) -> Outcome:
    """Finds a token's clock or counter again with two consecutive codes, which count as used. It is no login.

    A token that needs one since its database was restored is active afterwards.

    Args:
        context: the installation.
        tenant_id: whose token it is.
        actor: who asks: an administrator, or the person who has the token and is signed in already.
        serial: the token's.
        codes: as they were typed, in their order.
        source: where the person is, in words that the caller vouches for.
        challenge: what both codes answer, where the token answers questions.

    Raises:
        TokenNotFoundError: there is no such token.
        TokenStatusError: it is not active, nor waiting for this.
        NothingToResyncError: it has neither clock nor counter.
        NoQuestionsError: it answers no questions, and there is one.
        QuestionMissingError, OcraInputError, MalformedQuestionError: it does, and there is none, or not of its suite.
        StorageUnavailableError: nothing was changed.
    """
    now = context.guard.moment()

    def resync_within(transaction: Transaction) -> Outcome:
        token = _lock(transaction, tenant_id, serial, TokenStatus.ACTIVE, TokenStatus.RESYNC_REQUIRED)
        if token.moving_factor is MovingFactor.QUESTION:
            raise NothingToResyncError(serial)
        search = _Search(context, transaction, token, now, source=source, challenge=challenge)
        changed, outcome = search.run(codes)
        if outcome.reason is Reason.ACCEPTED and token.status is not TokenStatus.ACTIVE:
            changed = replace(changed, status=TokenStatus.ACTIVE, activated_at=token.activated_at or now.at)
        search.throttling.write(now.steady_at)
        _keep(transaction, token, changed, _entry(now, actor, "resync", serial, outcome))
        return outcome

    return written(context.store, resync_within)


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


def _lock(transaction: Transaction, tenant_id: str, serial: str, *wanted: TokenStatus) -> Token:
    token = transaction.tokens.lock(tenant_id, [serial]).get(serial)
    if token is None:
        raise TokenNotFoundError(serial)
    if wanted and token.status not in wanted:
        raise TokenStatusError(serial, token.status, wanted[0])
    return token


def _keep(transaction: Transaction, known: Token, changed: Token, entry: AuditEntry) -> None:
    if changed is not known:
        transaction.tokens.change([(known, changed)])
    transaction.audit.append(known.tenant_id, [entry])


def _entry(now: Moment, actor: str, action: str, serial: str, outcome: Outcome) -> AuditEntry:
    return AuditEntry(now.at, actor, action, serial, outcome.recorded, outcome.step)


class _Search:
    """The search for codes beyond the window: never without the throttle's leave, so once in a back-off at most."""

    def __init__(
        self,
        context: Context,
        transaction: Transaction,
        token: Token,
        now: Moment,
        *,
        source: str | None,
        challenge: Challenge | None,
    ) -> None:
        subjects = subjects_of(token.tenant_id, token.serial, token, source)
        self._context, self._token, self._now = context, token, now
        self._challenge, self._digest = challenge, b""
        self._reopens = False
        asked_ids = {token.id} if token.kind is TokenKind.OCRA else set()
        self._questions = Questions(transaction, token.tenant_id, asked_ids, now.steady_at)
        if challenge is not None or token.kind is TokenKind.OCRA:
            self._look_up(challenge)
        self.throttling = Throttling(context, transaction, token.tenant_id, [subjects])
        self.gate: Gate = self.throttling.gate(subjects, now.steady_at)

    def run(self, typed: Sequence[str]) -> tuple[Token, Outcome]:
        """The token from now on, and the outcome, which is charged where the codes were not found."""
        codes = [code for code in map(typed_code, typed) if code is not None]
        if len(codes) < len(typed):
            return self._token, Outcome(Reason.MALFORMED)
        if self.gate.wait_s > 0.0:
            self.throttling.left_alone(self.gate)
            return self._token, Outcome(self.gate.reason, retry_after_s=self.gate.wait_s)
        try:
            with self._context.opened(self._token) as secret:
                found = self._find(secret, codes)
        except UnsealError:
            return self._token, Outcome(Reason.SEED_UNUSABLE)
        if found is None:
            self.throttling.failed(self.gate, None)
            return self._token, Outcome(Reason.WRONG)
        self.throttling.succeeded(self.gate)
        if self._digest:
            self._questions.answered(self._token, self._digest, found.last_step)
        changed = moved_on(self._context, self._token, found, self._now.learns)
        return changed, Outcome(Reason.ACCEPTED, found.last_step)

    def _look_up(self, challenge: Challenge | None) -> None:
        self._challenge, self._digest = answerable(self._token, challenge)
        self._reopens = self._questions.reopens(self._token, self._digest)
        if self._token.moving_factor is MovingFactor.QUESTION and not self._reopens:
            raise QuestionNotOpenError(self._token.serial)

    def _find(self, secret: Seed, codes: Sequence[str]) -> State | None:
        token, at = self._token, self._now.at
        if any(len(code) != token.parameters.digits for code in codes):
            return None
        known = state_before(self._context, token, reopens=self._reopens)
        find = token_finder(secret, token, self._challenge, at)
        return find_run(self._context.policy_for(token), known, codes, at, find)
