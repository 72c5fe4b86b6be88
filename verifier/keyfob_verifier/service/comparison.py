"""The gate that every comparison of a code passes: the throttle before it, what it costs after it."""

from collections.abc import Callable
from dataclasses import replace

from keyfob import Seed
from keyfob.errors import UnsealError
from keyfob_verifier.decide.state import State
from keyfob_verifier.records import Token
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Outcome, Reason

Comparison = Callable[[Seed], tuple[Reason, State, int | None]]
"""Compares with the opened seed: the reason, the drift state from then on, and the step that matched."""


def compare(context: Context, token: Token, at: float, comparison: Comparison) -> tuple[Token, Outcome]:
    """Runs a comparison where the throttle allows one, and charges it where it fails.

    Returns:
        The token as it is from now on, and the outcome. A token that is left alone is the one handed in.
    """
    throttle = context.throttle
    wait_s = throttle.wait_s(token.throttle, at)
    if wait_s > 0.0:
        locked = throttle.is_locked(token.throttle, at)
        return token, Outcome(Reason.LOCKED if locked else Reason.THROTTLED, retry_after_s=wait_s)
    try:
        with context.opened(token) as seed:
            reason, drift, step = comparison(seed)
    except UnsealError:
        return token, Outcome(Reason.SEED_UNUSABLE)
    if reason is Reason.ACCEPTED:
        spent = throttle.succeeded(token.throttle, at)
        return replace(token, drift=drift, policy=context.policy, throttle=spent), Outcome(reason, step)
    return replace(token, throttle=throttle.failed(token.throttle, at)), Outcome(reason, step)
