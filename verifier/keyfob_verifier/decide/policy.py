"""What every window policy can do; each lives in one file of `policies`."""

from typing import Protocol, runtime_checkable

from keyfob_verifier.decide.state import State


@runtime_checkable
class WindowPolicy(Protocol):
    """Which time steps of a token are acceptable now, and what an accepted one teaches.

    A policy is made for one time step length X and one T0. All times are the server's Unix time in seconds.
    """

    def enrol(self, at: float, offset_s: float) -> State:
        """The first state of a token enrolled at `at`, whose seed file says its clock is `offset_s` ahead."""

    def window(self, state: State, at: float) -> tuple[int, int]:
        """The first and the last step to try at `at`, both included."""

    def search(self, state: State, at: float) -> tuple[int, int]:
        """The first and the last step that an activation or a resync may find, both included."""

    def accept(self, state: State, at: float, step: int) -> State:
        """The state after the code of `step` was accepted at `at`."""

    def prove(self, state: State, at: float, step: int) -> State:
        """The state after an activation or a resync proved at `at` that the fob shows `step`."""

    def forecast(self, state: State, at: float) -> State:
        """What the state says of the fob's clock at a later time: the estimate carried on, nothing learned."""
