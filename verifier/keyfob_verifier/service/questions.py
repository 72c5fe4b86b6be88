"""Questions to tokens that answer them (RFC 6287): asked here or brought by the caller, and answered once."""

import hashlib
import secrets
from collections.abc import Callable, Collection
from typing import NamedTuple

from keyfob.ocra import QUESTION_BYTES, OcraSuite, challenge_data, new_question
from keyfob_verifier.attempts import ANSWERED, Challenge, KeptQuestion
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.records import AuditEntry, MovingFactor, Token, TokenKind, TokenStatus
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction
from keyfob_verifier.token_errors import NoQuestionsError, QuestionMissingError

OPEN_S = 300.0
"""For how long a question may be answered."""
MOST_OPEN = 8
"""How many open questions a token has, the newest ones."""

MIN_QUESTION_LENGTH = 8
"""The shortest questions for a token that nothing else moves on, so that it always has new ones to answer."""

_DRAWS = 20
_USUAL_SUITE = OcraSuite()


class Asked(NamedTuple):
    """A question to be shown to a token's holder.

    Attributes:
        question: what to type.
        open_s: for how long an answer is accepted.
        fault: why no answer will be: there is no such token, or none that could answer.
    """

    question: str
    open_s: float = OPEN_S
    fault: TokenNotFoundError | TokenStatusError | NoQuestionsError | None = None


def ask(
    context: Context,
    tenant_id: str,
    actor: str,
    serial: str,
    random_below: Callable[[int], int] = secrets.randbelow,
) -> Asked:
    """Asks a token a new question.

    Where there is none that could answer, there is a question all the same, so that it need not be told.

    Raises:
        StorageUnavailableError: nothing was asked.
    """
    now = context.guard.moment()

    def ask_within(transaction: Transaction) -> Asked:
        token = transaction.tokens.lock(tenant_id, [serial]).get(serial)
        fault = _fault(serial, token)
        if token is None or fault is not None:
            asked, outcome = Asked(new_question(_USUAL_SUITE, random_below), fault=fault), "not-asked"
        else:
            asked, outcome = Asked(_new_question(transaction, token, random_below, now.steady_at)), "asked"
        transaction.audit.append(tenant_id, [AuditEntry(now.at, actor, "ask", serial, outcome)])
        return asked

    return written(context.store, ask_within)


def challenge_digest(token: Token, challenge: Challenge) -> bytes:
    """What is kept of a challenge: the same for all that a token answers alike.

    A question that was asked is open whatever session information comes with its answer.

    Raises:
        OcraInputError: session information is missing, not wanted, or too long.
        MalformedQuestionError: the question is none of the token's suite.
    """
    data = challenge_data(token.ocra_suite, challenge.question, challenge.session)
    if token.moving_factor is MovingFactor.QUESTION:
        data = data[:QUESTION_BYTES]
    return hashlib.sha256(data).digest()


def answerable(token: Token, challenge: Challenge | None) -> tuple[Challenge, bytes]:
    """A challenge that the token has an answer to, and its digest.

    Raises:
        NoQuestionsError: the token answers no questions.
        QuestionMissingError: it does, and there is none.
        OcraInputError, MalformedQuestionError: it is none of the token's suite.
    """
    if token.kind is not TokenKind.OCRA:
        raise NoQuestionsError(token.serial, token.kind)
    if challenge is None:
        raise QuestionMissingError(token.serial)
    return challenge, challenge_digest(token, challenge)


class Questions:
    """The questions of a batch's tokens, within a transaction that has locked those.

    Args:
        transaction: where they are read and written.
        tenant_id: the tenant.
        token_ids: the tokens that answers came from.
        at: the time by a clock that does not jump.
    """

    def __init__(
        self, transaction: Transaction, tenant_id: str, token_ids: Collection[str], at: float
    ) -> None:
        self._transaction, self._tenant_id, self._at = transaction, tenant_id, at
        self._kept = transaction.questions.of(tenant_id, token_ids) if token_ids else {}

    def reopens(self, token: Token, digest: bytes) -> bool:
        """Whether the token's last step is good once more, for this question.

        Time alone would allow one answer in a step, which may last for two days. The answer to another question is
        another code, and may follow. Where there is neither time nor counter, the question must be an open one.
        """
        kept = self._kept[token.id].get(digest)
        match token.moving_factor:
            case MovingFactor.COUNTER:
                return False
            case MovingFactor.TIME:
                return kept is None
            case MovingFactor.QUESTION:
                return kept is not None and _is_open(kept, self._at)

    def answered(self, token: Token, digest: bytes, step: int) -> None:
        """Keeps that a question was answered, for as long as its answer could be taken for a new one.

        Where nothing but the question moves a token on, that is for good.
        """
        kept = self._kept[token.id]
        match token.moving_factor:
            case MovingFactor.COUNTER:
                return
            case MovingFactor.TIME:
                gone = {other for other, row in kept.items() if row.step != step}
                new = {digest: KeptQuestion(self._at, step)}
            case MovingFactor.QUESTION:
                gone, new = {digest}, {digest: KeptQuestion(self._at, ANSWERED)}
        self._transaction.questions.forget(self._tenant_id, token.id, gone)
        self._transaction.questions.keep(self._tenant_id, token.id, new)
        self._kept[token.id] = {other: row for other, row in kept.items() if other not in gone} | new


def _fault(
    serial: str, token: Token | None
) -> TokenNotFoundError | TokenStatusError | NoQuestionsError | None:
    if token is None:
        return TokenNotFoundError(serial)
    if token.kind is not TokenKind.OCRA:
        return NoQuestionsError(serial, token.kind)
    if token.status is TokenStatus.REVOKED:
        return TokenStatusError(serial, token.status, TokenStatus.ACTIVE)
    return None


def _new_question(
    transaction: Transaction, token: Token, random_below: Callable[[int], int], at: float
) -> str:
    """A question, which is open where that matters; one that was answered before is not opened again."""
    question = new_question(token.ocra_suite, random_below)
    if token.moving_factor is not MovingFactor.QUESTION:
        return question
    session = None if token.ocra_suite.session_bytes is None else b""
    for _ in range(_DRAWS):
        digest = challenge_digest(token, Challenge(question, session))
        if not transaction.questions.is_answered(token.tenant_id, token.id, digest):
            _open(transaction, token, digest, at)
            break
        question = new_question(token.ocra_suite, random_below)
    return question


def _open(transaction: Transaction, token: Token, digest: bytes, at: float) -> None:
    kept = transaction.questions.of(token.tenant_id, [token.id])[token.id]
    others = [other for other, row in kept.items() if other != digest and _is_open(row, at)]
    newest = sorted(others, key=lambda other: kept[other].at, reverse=True)[: MOST_OPEN - 1]
    transaction.questions.forget(token.tenant_id, token.id, kept.keys() - newest)
    transaction.questions.keep(token.tenant_id, token.id, {digest: KeptQuestion(at)})


def _is_open(kept: KeptQuestion, at: float) -> bool:
    """Whether it may be answered; the verifiers of a database need not have the same time to the second."""
    return kept.step is None and abs(at - kept.at) < OPEN_S
