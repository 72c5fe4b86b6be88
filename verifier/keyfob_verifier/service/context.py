"""What every use case is handed: the store, the keys, the time and the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from keyfob import Clock, Parameters, SealedSeed, Seed
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State
from keyfob_verifier.decide.throttle import SOURCE_THROTTLE, Throttle
from keyfob_verifier.keys.keyring import Keyring
from keyfob_verifier.records import Token
from keyfob_verifier.service.clock_guard import ClockGuard, guard_of
from keyfob_verifier.store.database import Store


@dataclass(frozen=True)
class Context:
    """An open installation.

    Attributes:
        store: the database.
        keyring: the data keys.
        clock: the verifier's time.
        policy: the window policy's name.
        throttle: the limits on guessing at a token and at a user.
        source_throttle: those on a source, over all tokens at which it is not known.
        next_code: whether a code outside the window is remembered for a moment, and tried as a pair with the next.
    """

    store: Store
    keyring: Keyring
    clock: Clock
    policy: str = "credible"
    throttle: Throttle = field(default_factory=Throttle)
    source_throttle: Throttle = SOURCE_THROTTLE
    next_code: bool = True

    @cached_property
    def guard(self) -> ClockGuard:
        """What watches the clock, from the first time that it is asked for."""
        return guard_of(self.clock)

    def policy_of(self, parameters: Parameters, grade_ppm: float) -> WindowPolicy:
        """The window policy in force, made for a credential and its crystal's grade."""
        return _make_policy(self.policy, parameters, grade_ppm)

    def policy_for(self, token: Token) -> WindowPolicy:
        """The window policy in force, made for a token."""
        return self.policy_of(token.parameters, token.grade_ppm)

    def drift_of(self, token: Token) -> State:
        """The token's state as the policy in force understands it.

        A state that another policy left behind keeps its replay guard; its estimate begins anew from what was
        last proved.
        """
        if token.policy == self.policy:
            return token.drift
        known = token.drift
        fresh = self.policy_for(token).enrol(known.proved_at, known.proved_offset_s)
        return fresh._replace(last_step=known.last_step)

    @contextmanager
    def opened(self, token: Token) -> Iterator[Seed]:
        """The token's seed, open for the length of a `with` block.

        Raises:
            UnsealError: the row was altered, or is another token's.
            KekMissingError: its data key is wrapped under a KEK that is not here.
            WrongKekError: its data key does not open under the KEK that it names.
        """
        sealed = SealedSeed.from_bytes(token.sealed_seed)
        with sealed.open(token.binding, self.keyring.opening(sealed.key_id)) as seed:
            yield seed


def last_policy_of(token: Token) -> WindowPolicy:
    """The window policy that the token's drift state belongs to."""
    return _make_policy(token.policy, token.parameters, token.grade_ppm)


@lru_cache(maxsize=1024)
def _make_policy(name: str, parameters: Parameters, grade_ppm: float) -> WindowPolicy:
    return POLICIES[name](parameters, grade_ppm)
