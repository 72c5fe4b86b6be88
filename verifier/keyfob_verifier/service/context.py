"""What every use case is handed: the store, the keys, the time and the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from keyfob import Clock, Parameters, SealedSeed, Seed
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.decide.policies.look_ahead import LookAhead
from keyfob_verifier.decide.policies.single import SingleAnswer
from keyfob_verifier.decide.policy import WindowPolicy
from keyfob_verifier.decide.state import State
from keyfob_verifier.decide.throttle import SOURCE_THROTTLE, Throttle
from keyfob_verifier.keys.keyring import Keyring
from keyfob_verifier.records import MovingFactor, Token
from keyfob_verifier.service.clock_guard import ClockGuard, guard_of
from keyfob_verifier.store.database import Store


@dataclass(frozen=True)
class Context:
    """An open installation.

    Attributes:
        store: the database.
        keyring: the data keys.
        clock: the verifier's time.
        policy: the name of the window policy for codes that time moves on.
        throttle: the limits on guessing at a token and at a user.
        source_throttle: those on a source, over all tokens at which it is not known.
        next_code: whether a code outside the window is remembered for a moment, and tried as a pair with the next.
        look_ahead: the window policy for codes that a counter moves on.
    """

    store: Store
    keyring: Keyring
    clock: Clock
    policy: str = "credible"
    throttle: Throttle = field(default_factory=Throttle)
    source_throttle: Throttle = SOURCE_THROTTLE
    next_code: bool = True
    look_ahead: LookAhead = field(default_factory=LookAhead)

    @cached_property
    def guard(self) -> ClockGuard:
        """What watches the clock, from the first time that it is asked for."""
        return guard_of(self.clock)

    def policy_for(self, token: Token) -> WindowPolicy:
        """The window policy in force, made for a token."""
        match token.moving_factor:
            case MovingFactor.TIME:
                return _make_policy(self.policy, token.parameters, token.grade_ppm)
            case MovingFactor.COUNTER:
                return self.look_ahead
            case MovingFactor.QUESTION:
                return _SINGLE_ANSWER

    def policy_name_for(self, token: Token) -> str:
        """What its state is stored with, so that nothing else reads it."""
        return self.policy if token.moving_factor is MovingFactor.TIME else token.moving_factor.name.lower()

    def drift_of(self, token: Token) -> State:
        """The token's state as the policy in force understands it.

        A state that another policy left behind keeps its replay guard; its estimate begins anew from what was
        last proved.
        """
        if token.policy == self.policy_name_for(token):
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
    """The window policy that the drift state of a token belongs to whose codes time moves on."""
    return _make_policy(token.policy, token.parameters, token.grade_ppm)


_SINGLE_ANSWER = SingleAnswer()


@lru_cache(maxsize=1024)
def _make_policy(name: str, parameters: Parameters, grade_ppm: float) -> WindowPolicy:
    return POLICIES[name](parameters, grade_ppm)
