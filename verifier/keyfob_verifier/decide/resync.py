"""Finding a fob's clock again, beyond the window: activation by one code, resync by two consecutive ones."""

import hmac
from collections.abc import Callable, Sequence

from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State

Find = Callable[[str, int, int], Sequence[int]]
"""Gives the steps from a first to a last one, both included, that have a code; it compares every one of them."""


def find_run(
    policy: WindowPolicy,
    state: State,
    codes: Sequence[str],
    at: float,
    find: Find,
    *,
    reach_steps: int | None = None,
) -> State | None:
    """The state once the codes were found at consecutive steps of the policy's search, all newer than the last used.

    Codes that fit at two places prove neither: nothing is taken, and the fob's next codes will tell. Otherwise all of
    them count as used.

    Args:
        policy: where to search, and what to learn.
        state: the token's state before.
        codes: one code or more in the order in which the fob showed them, as `keyfob.parse_code` returns them.
        at: the server's Unix time at which they arrived, soon after the last of them was read.
        find: finds a code; `step_by_step` makes one.
        reach_steps: how far from the window's far end to search at most, where that is less than the policy's search.

    Returns:
        The token's state from now on, its last step that of the last code; None where they were not found.
    """
    first, last = policy.search(state, at)
    if reach_steps is not None:
        earliest, latest = policy.window(state, at)
        first, last = max(first, latest - reach_steps), min(last, earliest + reach_steps)
    first = max(first, state.last_step + 1, 0)
    if not codes or last - first + 1 < len(codes):
        return None
    starts = [
        {step - place for step in find(code, first + place, last - len(codes) + 1 + place)}
        for place, code in enumerate(codes)
    ]
    found = set.intersection(*starts)
    if len(found) != 1:
        return None
    return policy.prove(state, at, found.pop() + len(codes) - 1)


def step_by_step(code_at: Callable[[int], str]) -> Find:
    """Finds by computing one code after the other and comparing each in constant time.

    Args:
        code_at: gives the code of a time step.
    """

    def find(code: str, first: int, last: int) -> Sequence[int]:
        return [step for step in range(first, last + 1) if hmac.compare_digest(code_at(step), code)]

    return find
