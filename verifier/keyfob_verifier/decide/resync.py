"""Finding a fob's clock again, beyond the window: activation by one code, resync by two consecutive ones."""

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
    """The state once the codes were found at consecutive steps of the policy's search, all newer than the last used.

    Every step of the search is computed and compared in constant time. Codes that fit at two places prove neither:
    nothing is taken, and the fob's next codes will tell. Otherwise all of them count as used.

    Args:
        policy: where to search, and what to learn.
        state: the token's state before.
        codes: one code or more in the order in which the fob showed them, as `keyfob.parse_code` returns them.
        at: the server's Unix time at which they arrived, soon after the last of them was read.
        code_at: gives the code of a time step.

    Returns:
        The token's state from now on, its last step that of the last code; None where they were not found.
    """
    first, last = policy.search(state, at)
    first = max(first, state.last_step + 1)
    shown = [code_at(step) for step in range(first, last + 1)]
    if not codes:
        return None
    typed = " ".join(codes)
    found = [
        start
        for start in range(len(shown) - len(codes) + 1)
        if hmac.compare_digest(" ".join(shown[start : start + len(codes)]), typed)
    ]
    if len(found) != 1:
        return None
    return policy.prove(state, at, first + found[0] + len(codes) - 1)
