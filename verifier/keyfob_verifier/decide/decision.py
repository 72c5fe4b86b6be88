"""Deciding one code: a pure function of policy, state, code and time."""

import enum
import hmac
from collections.abc import Callable
from typing import NamedTuple

from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State


class Verdict(enum.StrEnum):
    """What became of a code."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    """It is not the code of any step in the window."""
    REPLAYED = "replayed"
    """It is the code of a step in the window, and that step or a newer one was used before."""


# looked up on its class, a member takes Python 3.11 as long as comparing two codes
_ACCEPTED, _WRONG, _REPLAYED = Verdict.ACCEPTED, Verdict.WRONG, Verdict.REPLAYED


class Decision(NamedTuple):
    """A verdict and what follows from it.

    Attributes:
        verdict: what became of the code.
        state: the token's state from now on; the one handed in unless the code was accepted.
        step: the step whose code it was; None for a wrong one.
    """

    verdict: Verdict
    state: State
    step: int | None


def decide(
    policy: WindowPolicy,
    state: State,
    code: str,
    at: float,
    code_at: Callable[[int], str],
) -> Decision:
    """Decides a code against the steps that the policy's window holds at `at`.

    Every step of the window is computed and compared in constant time, so that the time taken tells nothing
    of the step. Where two steps share the code, the later one counts: the same code cannot be used again for it.

    Args:
        policy: which steps to try, and what to learn.
        state: the token's state before this code.
        code: ASCII digits, as `keyfob.parse_code` returns them.
        at: the server's Unix time at which the code arrived.
        code_at: gives the code of a time step.
    """
    first, last = policy.window(state, at)
    matched = None
    for step in range(max(first, 0), last + 1):
        if hmac.compare_digest(code_at(step), code):
            matched = step
    if matched is None:
        return Decision(_WRONG, state, None)
    if matched <= state.last_step:
        return Decision(_REPLAYED, state, matched)
    return Decision(_ACCEPTED, policy.accept(state, at, matched), matched)
