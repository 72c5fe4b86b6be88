"""The window of a token that only its question moves on: each question has one answer, and that counts once."""

from typing import NamedTuple

from keyfob_verifier.decide.state import State

ANSWER = 0
"""The step that stands for the one answer that a question has."""


class SingleAnswer(NamedTuple):
    """A window of one step. It has no clock: every `at` is ignored.

    The step is used already, in every state. Whoever asks a question takes the guard back by one for its answer.
    """

    def enrol(self, at: float, offset_s: float) -> State:  # noqa: ARG002  every policy is asked alike
        """The state of such a token, whatever was answered."""
        return State(ANSWER, at, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, at)

    def window(self, state: State, at: float) -> tuple[int, int]:  # noqa: ARG002
        """The answer."""
        return ANSWER, ANSWER

    def search(self, state: State, at: float) -> tuple[int, int]:  # noqa: ARG002
        """The answer: there is nothing else to be found."""
        return ANSWER, ANSWER

    def accept(self, state: State, at: float, step: int) -> State:  # noqa: ARG002
        """Used again."""
        return state._replace(last_step=ANSWER, at=max(at, state.at))

    def prove(self, state: State, at: float, step: int) -> State:
        """The same."""
        return self.accept(state, at, step)

    def forecast(self, state: State, at: float) -> State:  # noqa: ARG002
        """The state as it is."""
        return state
