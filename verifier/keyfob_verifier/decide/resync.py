"""Finding a fob's clock beyond the window: by its first code, or by two consecutive ones."""

import hmac
from collections.abc import Callable, Sequence

from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State


def find_run(
    policy: WindowPolicy,
    state: State,
    codes: Sequence[str],
    at: float,
    code_at: Callable[[int], str],
) -> State | None:
    """The state after these codes, of as many consecutive steps, proved where the fob's clock is.

    Only steps that the policy's search holds at `at` and that are newer than the last used one count. Every one of
    them is compared, in constant time.

    Args:
        policy: how far to look, and what a proof teaches.
        state: the token's state before.
        codes: one for an activation, two in their order for a resync; digits as `keyfob.parse_code` returns them.
        at: the server's Unix time at which they arrived.
        code_at: gives the code of a time step.

    Returns:
        The next state, in which all of them are used; None where they are found nowhere, or in two places.
    """
    first, last = policy.search(state, at)
    shown = {step: code_at(step) for step in range(max(first, state.last_step + 1, 0), last + 1)}
    ends = [
        step
        for step in shown
        if step - len(codes) + 1 in shown
        and all(
            [
                hmac.compare_digest(shown[step - len(codes) + 1 + place], code)
                for place, code in enumerate(codes)
            ],
        )
    ]
    if len(ends) != 1:
        return None
    return policy.prove(state, at, ends[0])
