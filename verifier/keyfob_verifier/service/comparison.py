"""Comparing a code with a token's own: the same work for every code that is refused, whatever it is refused for."""

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import NamedTuple

from keyfob import Binding, Parameters, SealedSeed, SealingKey, Seed
from keyfob.errors import UnsealError
from keyfob_verifier.decide.decision import Verdict, decide
from keyfob_verifier.decide.resync import find_run, step_by_step
from keyfob_verifier.decide.state import State
from keyfob_verifier.records import Token
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.next_code import NEXT_CODE_STEPS
from keyfob_verifier.service.outcome import Reason

NO_CODE = "------"
"""What is compared in place of a code that must not be: it is the code of no step."""

WINDOW_WORK = 10
"""How many codes are computed at least for one that is refused: more than a window has steps."""
PAIR_WORK = 64
"""How many at least where a pair is searched; twice as many, or four times, where the search is that wide."""

_CODE = re.compile(r"[0-9](?: ?[0-9]){5,9}")


class Compared(NamedTuple):
    """What a comparison showed.

    Attributes:
        reason: accepted, alone or as a pair, or why not.
        state: the token's drift state from now on, where the code is accepted.
        step: the step whose code it is, where it is of one.
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
    """

    code: str
    at: float
    first_code: str | None = None


class Codes:
    """An opened seed's codes by their time steps, counted as they are computed."""

    __slots__ = ("_code_at", "computed")

    def __init__(self, seed: Seed, parameters: Parameters) -> None:
        self._code_at, self.computed = seed.codes(parameters), 0

    def __call__(self, step: int) -> str:
        """The code of a time step."""
        self.computed += 1
        return self._code_at(step)

    def fill_up(self, least: int) -> None:
        """Computes codes for nothing, until there were `least` of them, or that doubled and doubled again."""
        while least < self.computed:
            least *= 2
        while self.computed < least:
            self(0)


def typed_code(typed: str) -> str | None:
    """What was typed, as 6 to 10 ASCII digits: outer blanks and single spaces dropped. None where it is not that.

    How many digits the token's codes have does not matter here: it would tell that there is such a token.
    """
    code = typed.strip(" \t\r\n")
    return code.replace(" ", "") if _CODE.fullmatch(code) else None


def compare(context: Context, token: Token, submitted: Submitted) -> Compared:
    """Compares a code with those of the token's window, and where it is in none, searches a pair."""
    try:
        with context.opened(token) as seed:
            return _compare(context, token, submitted, Codes(seed, token.parameters))
    except UnsealError:
        compare_in_vain(searches=submitted.first_code is not None)
        return Compared(Reason.SEED_UNUSABLE)


def compare_in_vain(*, searches: bool) -> None:
    """Does the work of a comparison where there is no seed to compare with."""
    sealed, binding, key = _decoy()
    with sealed.open(binding, key) as seed:
        Codes(seed, binding.parameters).fill_up(PAIR_WORK if searches else WINDOW_WORK)


def moved_on(context: Context, token: Token, state: State, learns: bool) -> Token:
    """A token once a code of it was accepted; where nothing is to be learned, only the replay guard moves."""
    if learns:
        return replace(token, drift=state, policy=context.policy)
    return replace(token, drift=token.drift._replace(last_step=max(token.drift.last_step, state.last_step)))


def _compare(context: Context, token: Token, submitted: Submitted, codes: Codes) -> Compared:
    code, at, first_code = submitted
    policy, known = context.policy_for(token), context.drift_of(token)
    decision = decide(policy, known, code, at, codes)
    if decision.verdict is Verdict.ACCEPTED:
        return Compared(Reason.ACCEPTED, decision.state, decision.step)
    reason = Reason(decision.verdict.value)
    if first_code is not None:
        pair = first_code, code if decision.verdict is Verdict.WRONG else NO_CODE
        find = step_by_step(cache(codes))
        found = find_run(policy, known, pair, at, find, reach_steps=NEXT_CODE_STEPS)
        if found is not None:
            return Compared(Reason.ACCEPTED_AS_PAIR, found, found.last_step)
        if NO_CODE not in pair:
            reason = Reason.WRONG_AS_PAIR
    codes.fill_up(WINDOW_WORK if first_code is None else PAIR_WORK)
    return Compared(reason, step=decision.step)


@lru_cache(maxsize=1)
def _decoy() -> tuple[SealedSeed, Binding, SealingKey]:
    """A seed of this process alone, which is nobody's."""
    binding, key = Binding("nobody", "nobody", Parameters()), SealingKey.generate()
    return SealedSeed.seal(Seed.generate(binding.parameters.algorithm), binding, key), binding, key
