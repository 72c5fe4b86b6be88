"""Comparing a code with a token's own: the same work for every code that is refused, whatever it is refused for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import NamedTuple

from keyfob import Binding, Parameters, SealedSeed, SealingKey, Seed
from keyfob.errors import UnsealError
from keyfob.ocra import OcraSuite, ocra
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.decision import Decision, Verdict, decide
from keyfob_verifier.decide.resync import find_run
from keyfob_verifier.decide.state import NO_STEP, State
from keyfob_verifier.records import Token, TokenKind
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.next_code import NEXT_CODE_STEPS
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.token_codes import Codes, codes_of, fill_up, find_in

NO_CODE = "------"
"""What is compared in place of a code that must not be: it is the code of no step."""

WINDOW_WORK = 11
"""How many codes are computed at least for one that is refused: a counter's window, and more than one of time has."""
PAIR_WORK = 64
"""How many at least where a pair is searched; twice as many, or four times, where the search is that wide."""
ANSWER_WORK = 3 * WINDOW_WORK
"""How many at least for an answer that is refused: a counter's window, in each of three time steps."""

_NEXT_CODE_COUNTERS = PAIR_WORK - WINDOW_WORK  # so far a pair is searched by the work that is done anyway

_USUAL_SUITE, _ANY_QUESTION = OcraSuite(), "12345678"
_CODE = re.compile(r"[0-9](?: ?[0-9]){5,9}")


class Compared(NamedTuple):
    """What a comparison showed.

    Attributes:
        reason: accepted, alone or as a pair, or why not.
        state: the token's drift state from now on, where the code is accepted.
        step: the time step or counter whose code it is, where it is of one.
    """

    reason: Reason
    state: State | None = None
    step: int | None = None


class Submitted(NamedTuple):
    """What is compared.

    Attributes:
        code: as `typed_code` gives it, or `NO_CODE`, which is refused after the same work.
        at: the Unix time at which it arrived.
        first_code: the code before it, to search the two as a pair; `NO_CODE` for the work alone; None for neither.
        challenge: what it answers, if its token answers questions; an answer is searched as none of a pair.
        reopens: whether the token's last step is good once more, since it is another question's.
    """

    code: str
    at: float
    first_code: str | None = None
    challenge: Challenge | None = None
    reopens: bool = False


def typed_code(typed: str) -> str | None:
    """What was typed, as 6 to 10 ASCII digits: outer blanks and single spaces dropped. None where it is not that.

    How many digits the token's codes have does not matter here: it would tell that there is such a token.
    """
    code = typed.strip(" \t\r\n")
    return code.replace(" ", "") if _CODE.fullmatch(code) else None


def compare(context: Context, token: Token, submitted: Submitted) -> Compared:
    """Compares a code with those of the token's window, and where it is in none, searches a pair.

    Raises:
        OcraInputError, MalformedQuestionError: the token has no answer to such a challenge.
    """
    try:
        with context.opened(token) as secret:
            ways = codes_of(secret, token, submitted.challenge, submitted.at)
            return _compare(context, token, submitted, ways)
    except UnsealError:
        compare_in_vain(searches=submitted.first_code is not None, answers=submitted.challenge is not None)
        return Compared(Reason.SEED_UNUSABLE)


def compare_in_vain(*, searches: bool, answers: bool) -> None:
    """Does the work of a comparison where there is no seed to compare with.

    Args:
        searches: as much as where a pair is searched.
        answers: as where the code is the answer to a question; no pair is searched then.
    """
    sealed, binding, key = _decoy()
    with sealed.open(binding, key) as seed:
        way = partial(_answer_in_vain, seed.reveal()) if answers else seed.codes(binding.parameters)
        fill_up([Codes(way)], _least_work(searches=searches, answers=answers))


def state_before(context: Context, token: Token, *, reopens: bool) -> State:
    """What a code is judged by; where the last step is good once more, its guard stands one before it."""
    known = context.drift_of(token)
    return known._replace(last_step=known.last_step - 1) if reopens and known.last_step > NO_STEP else known


def moved_on(context: Context, token: Token, state: State, learns: bool) -> Token:
    """A token once a code of it was accepted; where nothing is to be learned, only the replay guard moves."""
    if learns:
        return replace(token, drift=state, policy=context.policy_name_for(token))
    return replace(token, drift=token.drift._replace(last_step=max(token.drift.last_step, state.last_step)))


def _compare(context: Context, token: Token, submitted: Submitted, ways: Sequence[Codes]) -> Compared:
    code, at, first_code = submitted.code, submitted.at, submitted.first_code
    policy, known = context.policy_for(token), state_before(context, token, reopens=submitted.reopens)
    decision = _best(decide(policy, known, code, at, way) for way in ways)
    if decision.verdict is Verdict.ACCEPTED:
        return Compared(Reason.ACCEPTED, decision.state, decision.step)
    reason = Reason(decision.verdict.value)
    if first_code is not None:
        pair = first_code, code if decision.verdict is Verdict.WRONG else NO_CODE
        find = find_in([cache(way) for way in ways])
        reach_steps = NEXT_CODE_STEPS if token.kind is TokenKind.TOTP else _NEXT_CODE_COUNTERS
        found = find_run(policy, known, pair, at, find, reach_steps=reach_steps)
        if found is not None:
            return Compared(Reason.ACCEPTED_AS_PAIR, found, found.last_step)
        if NO_CODE not in pair:
            reason = Reason.WRONG_AS_PAIR
    fill_up(ways, _least_work(searches=first_code is not None, answers=submitted.challenge is not None))
    return Compared(reason, step=decision.step)


def _least_work(*, searches: bool, answers: bool) -> int:
    if answers:
        return ANSWER_WORK
    return PAIR_WORK if searches else WINDOW_WORK


def _best(decisions: Iterable[Decision]) -> Decision:
    """Of several ways to read a code, one that accepts it before one that knows it."""
    return max(decisions, key=lambda decision: _RANKS[decision.verdict])


_RANKS = {Verdict.WRONG: 0, Verdict.REPLAYED: 1, Verdict.ACCEPTED: 2}


def _answer_in_vain(key: bytes, _step: int) -> str:
    return ocra(key, _USUAL_SUITE, question=_ANY_QUESTION)


@lru_cache(maxsize=1)
def _decoy() -> tuple[SealedSeed, Binding, SealingKey]:
    """A seed of this process alone, which is nobody's."""
    binding, key = Binding("nobody", "nobody", Parameters()), SealingKey.generate()
    return SealedSeed.seal(Seed.generate(binding.parameters.algorithm), binding, key), binding, key
