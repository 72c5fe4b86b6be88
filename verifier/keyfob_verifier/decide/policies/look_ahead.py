"""The window of a counter: so many codes beyond the last one used (RFC 4226, section 7.2, and 7.4 for the resync)."""

from typing import NamedTuple

from keyfob_verifier.decide.state import State

MAX_COUNTER = 2**63 - 1
"""The last counter that a database's signed integers hold; RFC 4226's own go to 2**64 - 1."""


class LookAhead(NamedTuple):
    """A window over counters, which stand where time steps do elsewhere. It has no clock: every `at` is ignored.

    Attributes:
        look_ahead: how many codes, pressed and never sent, a token may be ahead; RFC 4226's parameter s.
        resync_steps: how many counters an activation or a resync looks through.
    """

    look_ahead: int = 10
    resync_steps: int = 200

    def enrol_counter(self, counter: int, at: float) -> State:
        """The state of a token whose next code is that of `counter`."""
        return self.enrol(at, 0.0)._replace(last_step=counter - 1)

    def enrol(self, at: float, offset_s: float) -> State:  # noqa: ARG002  every policy is asked alike
        """The state of a token none of whose codes was used."""
        return State(-1, at, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, at)

    def window(self, state: State, at: float) -> tuple[int, int]:  # noqa: ARG002
        """The counter used last, so that a code sent twice is known for what it is, and those that may follow."""
        return state.last_step, min(state.last_step + self.look_ahead, MAX_COUNTER)

    def search(self, state: State, at: float) -> tuple[int, int]:  # noqa: ARG002
        """The next `resync_steps` counters."""
        return state.last_step + 1, min(state.last_step + self.resync_steps, MAX_COUNTER)

    def accept(self, state: State, at: float, step: int) -> State:
        """Remembers the counter: it and all before it are used."""
        return state._replace(last_step=step, at=max(at, state.at))

    def prove(self, state: State, at: float, step: int) -> State:
        """The same."""
        return self.accept(state, at, step)

    def forecast(self, state: State, at: float) -> State:  # noqa: ARG002
        """The state as it is: a counter stands still until the button is pressed."""
        return state
