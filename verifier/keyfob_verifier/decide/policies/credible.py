"""keyfob's own window: the steps that a model of the fob's clock and of the people who type holds credible."""

from functools import cached_property

from keyfob.parameters import Parameters
from keyfob_verifier.decide import rules
from keyfob_verifier.decide.belief import Model, model_of
from keyfob_verifier.decide.estimator import typing_delays
from keyfob_verifier.decide.lessons import LessonTable, lesson_table
from keyfob_verifier.decide.runs import RunMap, RunRule, run_map
from keyfob_verifier.decide.settings import CredibleSettings
from keyfob_verifier.decide.state import State


class CredibleWindow(CredibleSettings):
    """A window that follows each fob's clock, as wide as it is uncertain; make one with `for_token`."""

    @classmethod
    def for_token(
        cls,
        parameters: Parameters,
        grade_ppm: float = 20.0,
        delay_median_s: float = 8.0,
        delay_sigma: float = 0.6,
    ) -> "CredibleWindow":
        """The window for a credential's time step and T0, its crystal's grade and the people who type its codes.

        Args:
            parameters: the credential's.
            grade_ppm: the crystal's tolerance either way.
            delay_median_s: the median time from reading a code to its arrival.
            delay_sigma: the standard deviation of that time's natural logarithm.
        """
        return cls(
            float(parameters.time_step_s),
            float(parameters.t0_s),
            delay_median_s,
            typing_delays(delay_median_s, delay_sigma),
            grade_ppm=grade_ppm,
        )

    @cached_property
    def model(self) -> Model:
        """What the settings say of a clock."""
        return model_of(CredibleSettings(*self))

    @cached_property
    def runs(self) -> RunMap:
        """The windows by belief; made when first asked for, and shared by all who differ in nothing that matters."""
        return run_map(
            RunRule(self.time_step_s, self.delay_median_s, self.delays, self.alpha, self.max_steps)
        )

    @cached_property
    def lessons(self) -> LessonTable:
        """What likely steps teach, by belief; made and shared likewise."""
        return lesson_table(self.time_step_s, self.delays)

    def enrol(self, at: float, offset_s: float) -> State:
        """The first state: nothing is known but the crystal's grade and what the seed file says."""
        return rules.enrol(self, at, offset_s)

    def window(self, state: State, at: float) -> tuple[int, int]:
        """The smallest run of steps that holds 1 − `alpha` of the chance."""
        return rules.window(self.model, self.runs, state, at)

    def search(self, state: State, at: float) -> tuple[int, int]:
        """The newer steps within the interval that `search_alpha`, `supply_step_s` and the envelope leave."""
        return rules.search(self.model, state, at)

    def accept(self, state: State, at: float, step: int) -> State:
        """Learns offset and rate from a login, within the caps."""
        return rules.accept(self.model, self.lessons, state, at, step)

    def prove(self, state: State, at: float, step: int) -> State:
        """Takes the offset that the step shows, and moves the envelope there."""
        return rules.prove(self.model, state, at, step)

    def forecast(self, state: State, at: float) -> State:
        """The state carried on to `at`: surer of nothing, and less sure of the offset."""
        return rules.forecast(self.model, state, at)
