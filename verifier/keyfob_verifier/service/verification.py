"""Verifying codes: one transaction for all the attempts that wait, each decided on what the one before it left."""

from collections.abc import Sequence
from typing import NamedTuple

from keyfob.errors import MalformedQuestionError, OcraInputError
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.errors import DamagedTokenError
from keyfob_verifier.records import AuditEntry, MovingFactor, Token, TokenKind, TokenStatus
from keyfob_verifier.service.comparison import (
    NO_CODE,
    Compared,
    Submitted,
    compare,
    compare_in_vain,
    moved_on,
    typed_code,
)
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.next_code import kept_code, pair_is_due, seal_code
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.service.questions import Questions, answerable
from keyfob_verifier.service.repeated import Repeated, attempt_digest
from keyfob_verifier.service.throttling import Gate, Subjects, Throttling, subjects_of
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction
from keyfob_verifier.token_errors import NoQuestionsError, QuestionMissingError

_USUAL_TIME_STEP_S = 30


class Attempt(NamedTuple):
    """A code as it arrived.

    Attributes:
        tenant_id: the tenant that asks.
        actor: who asks, for the record.
        serial: the token that is meant.
        code: what was typed.
        at: the verifier's Unix time of its arrival, by which the code is judged.
        source: where the person is, in words that the caller vouches for; None where it does not say.
        steady_at: the same time by a clock that does not jump, by which waits are counted; None where that is `at`.
        learns: whether the code may teach something of the fob's clock.
        idempotency_key: names the attempt, so that it can be made again if its answer is lost.
        challenge: what the code answers, where its token answers questions.
    """

    tenant_id: str
    actor: str
    serial: str
    code: str
    at: float
    source: str | None = None
    steady_at: float | None = None
    learns: bool = True
    idempotency_key: str | None = None
    challenge: Challenge | None = None

    @property
    def waits_from(self) -> float:
        """The time by which waits are counted."""
        return self.at if self.steady_at is None else self.steady_at


def verify(context: Context, attempts: Sequence[Attempt]) -> list[Outcome]:
    """Decides a batch of attempts, in order of arrival; durable when it returns.

    Raises:
        StorageUnavailableError: nothing was decided, and nothing may be answered that depends on a code.
    """
    return written(context.store, lambda transaction: _verify_within(transaction, context, attempts))


def _verify_within(transaction: Transaction, context: Context, attempts: Sequence[Attempt]) -> list[Outcome]:
    tenants = {attempt.tenant_id for attempt in attempts}
    outcomes: dict[int, Outcome] = {}
    for tenant_id in sorted(tenants):
        mine = [index for index, attempt in enumerate(attempts) if attempt.tenant_id == tenant_id]
        batch = _Batch(context, transaction, tenant_id, [attempts[index] for index in mine])
        outcomes.update(zip(mine, batch.decide(), strict=True))
    return [outcomes[index] for index in range(len(attempts))]


class _Batch:
    """One tenant's attempts, with all that is read for them and all that becomes of it."""

    def __init__(
        self, context: Context, transaction: Transaction, tenant_id: str, attempts: Sequence[Attempt]
    ) -> None:
        self._context, self._transaction, self._tenant_id = context, transaction, tenant_id
        self._attempts = attempts
        self._known = transaction.tokens.lock(tenant_id, {attempt.serial for attempt in attempts})
        self._present = dict(self._known)
        self._subjects = [self._charge(attempt) for attempt in attempts]
        self._at = max(attempt.waits_from for attempt in attempts)
        keys = (_digest(attempt) for attempt in attempts if attempt.idempotency_key is not None)
        self._repeated = Repeated(transaction, keys, self._at)
        self._throttling = Throttling(context, transaction, tenant_id, self._subjects)
        self._questions = Questions(transaction, tenant_id, self._asked_ids(), self._at)

    def decide(self) -> list[Outcome]:
        """Decides them in their order, and writes what came of it."""
        outcomes = [
            self._decide_once(attempt, subjects)
            for attempt, subjects in zip(self._attempts, self._subjects, strict=True)
        ]
        self._transaction.tokens.change(
            [
                (self._known[serial], token)
                for serial, token in self._present.items()
                if token is not self._known[serial]
            ]
        )
        self._throttling.write(self._at)
        self._repeated.write()
        self._transaction.audit.append(self._tenant_id, list(map(_entry, self._attempts, outcomes)))
        return outcomes

    def _charge(self, attempt: Attempt) -> Subjects:
        return subjects_of(self._tenant_id, attempt.serial, self._active(attempt.serial), attempt.source)

    def _active(self, serial: str) -> Token | None:
        token = self._present.get(serial)
        return token if token is not None and token.status is TokenStatus.ACTIVE else None

    def _decide_once(self, attempt: Attempt, subjects: Subjects) -> Outcome:
        if attempt.idempotency_key is None:
            return self._decide(attempt, subjects)
        key = _digest(attempt)
        outcome = self._repeated.answer(key)
        if outcome is None:
            outcome = self._decide(attempt, subjects)
            self._repeated.keep(key, outcome)
        return outcome

    def _decide(self, attempt: Attempt, subjects: Subjects) -> Outcome:
        code = typed_code(attempt.code)
        if code is None:
            return Outcome(Reason.MALFORMED)
        gate = self._throttling.gate(subjects, attempt.waits_from)
        token = self._active(attempt.serial)
        if token is None:
            return self._refuse_in_vain(attempt, gate)
        if gate.wait_s > 0.0:
            self._compare(token, gate, NO_CODE, attempt)
            self._throttling.left_alone(gate)
            return Outcome(gate.reason, retry_after_s=gate.wait_s)
        compared = self._compare(token, gate, code, attempt)
        if compared.state is not None:
            self._present[token.serial] = moved_on(self._context, token, compared.state, attempt.learns)
            self._throttling.succeeded(gate)
            self._throttling.remember_source(gate)
        else:
            self._refuse(token, gate, code, compared.reason)
        return Outcome(compared.reason, compared.step)

    def _refuse(self, token: Token, gate: Gate, code: str, reason: Reason) -> None:
        match reason:
            case Reason.SEED_UNUSABLE | Reason.QUESTION_UNUSABLE:
                self._throttling.left_alone(gate)
            case Reason.REPLAYED:
                self._throttling.failed(gate, gate.last_wrong)
            case _:
                self._throttling.failed(gate, seal_code(self._context, token, code, gate.at))

    def _refuse_in_vain(self, attempt: Attempt, gate: Gate) -> Outcome:
        """Treats an attempt that cannot succeed as one that was wrong."""
        self._compare_in_vain(gate, attempt)
        if gate.wait_s > 0.0:
            self._throttling.left_alone(gate)
        else:
            self._throttling.failed(gate, None)
        is_known = attempt.serial in self._known
        return Outcome(Reason.NOT_ACTIVE if is_known else Reason.UNKNOWN_TOKEN)

    def _compare(self, token: Token, gate: Gate, code: str, attempt: Attempt) -> Compared:
        if token.kind is TokenKind.OCRA or attempt.challenge is not None:
            return self._compare_answer(token, gate, code, attempt)
        first_code = None
        if pair_is_due(self._context, gate, token.parameters.time_step_s):
            kept = kept_code(self._context, token, gate)
            first_code = NO_CODE if kept is None or code is NO_CODE else kept
        return compare(self._context, token, Submitted(code, attempt.at, first_code))

    def _compare_in_vain(self, gate: Gate, attempt: Attempt) -> None:
        """Does the work of comparing a code, or of comparing an answer, which is never one of a pair."""
        is_due = pair_is_due(self._context, gate, _USUAL_TIME_STEP_S)
        compare_in_vain(searches=is_due, answers=attempt.challenge is not None)

    def _compare_answer(self, token: Token, gate: Gate, code: str, attempt: Attempt) -> Compared:
        """Compares the answer to a question, which no other code may pass for."""
        try:
            challenge, digest = answerable(token, attempt.challenge)
        except (NoQuestionsError, QuestionMissingError, OcraInputError, MalformedQuestionError):
            self._compare_in_vain(gate, attempt)
            return Compared(Reason.QUESTION_UNUSABLE)
        except DamagedTokenError:
            self._compare_in_vain(gate, attempt)
            return Compared(Reason.SEED_UNUSABLE)
        reopens = self._questions.reopens(token, digest)
        submitted = Submitted(code, attempt.at, challenge=challenge, reopens=reopens)
        if token.moving_factor is MovingFactor.QUESTION and not reopens:
            compare(self._context, token, submitted._replace(code=NO_CODE))
            return Compared(Reason.QUESTION_NOT_OPEN)
        compared = compare(self._context, token, submitted)
        if compared.state is not None:
            self._questions.answered(token, digest, compared.state.last_step)
        return compared

    def _asked_ids(self) -> set[str]:
        """Whose questions to look for; where there is no such token, nobody's, so that it cannot be told."""
        asked = (self._active(attempt.serial) for attempt in self._attempts if attempt.challenge is not None)
        return {"" if token is None else token.id for token in asked}


def _digest(attempt: Attempt) -> bytes:
    code, key = typed_code(attempt.code) or attempt.code, attempt.idempotency_key or ""
    return attempt_digest(
        attempt.actor, attempt.tenant_id, key, serial=attempt.serial, code=code, challenge=attempt.challenge
    )


def _entry(attempt: Attempt, outcome: Outcome) -> AuditEntry:
    return AuditEntry(attempt.at, attempt.actor, "validate", attempt.serial, outcome.recorded, outcome.step)
