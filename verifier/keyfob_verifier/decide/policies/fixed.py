"""The plain window of RFC 6238, section 5.2: so many steps behind and ahead of the server's time, and no memory."""

import math
from typing import NamedTuple

from keyfob.parameters import Parameters
from keyfob_verifier.decide.state import NO_STEP, State


class FixedWindow(NamedTuple):
    """A window that stays where the server's clock is, however far the fob has drifted.

    Attributes:
        time_step_s: X in seconds.
        t0_s: T0, Unix seconds.
        behind_steps: how many steps before the server's own are accepted; RFC 6238 recommends one at most.
        ahead_steps: how many after it.
        search_steps: how far to either side an activation or a resync looks.
    """

    time_step_s: float
    t0_s: float
    behind_steps: int = 1
    ahead_steps: int = 1
    search_steps: int = 10

    @classmethod
    def for_token(cls, parameters: Parameters, _grade_ppm: float) -> "FixedWindow":
        """The window for a credential's time step and T0; how good its crystal is does not matter to it."""
        return cls(parameters.time_step_s, parameters.t0_s)

    def enrol(self, at: float, offset_s: float) -> State:
        """A state that remembers no step; the drift in it is never read."""
        return State(NO_STEP, at, offset_s, 0.0, 0.0, 0.0, 0.0, offset_s, at)

    def window(self, state: State, at: float) -> tuple[int, int]:  # noqa: ARG002  every policy is asked alike
        """The steps round the server's time."""
        now = math.floor((at - self.t0_s) / self.time_step_s)
        return now - self.behind_steps, now + self.ahead_steps

    def search(self, state: State, at: float) -> tuple[int, int]:
        """The newer steps within `search_steps` of the server's time."""
        now = math.floor((at - self.t0_s) / self.time_step_s)
        return max(now - self.search_steps, state.last_step + 1), now + self.search_steps

    def accept(self, state: State, at: float, step: int) -> State:
        """Remembers the step, and nothing else."""
        return state._replace(last_step=step, at=at)

    def prove(self, state: State, at: float, step: int) -> State:
        """Remembers the step: a resync does not move a fixed window."""
        return self.accept(state, at, step)

    def forecast(self, state: State, at: float) -> State:  # noqa: ARG002  every policy is asked alike
        """The state as it is: nothing is estimated."""
        return state
