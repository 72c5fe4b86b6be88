"""Fobs to order, for tests: each with its crystal, its age, its credential and its PIN."""

import dataclasses
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from keyfob.oscillator import Crystal, Oscillator
from keyfob.parameters import Algorithm, Parameters
from keyfob.quantities import DAY_S
from keyfob.seed import SealingKey, Seed
from keyfob.temperature_profiles import temperature_profile
from keyfob_firmware.battery import Battery
from keyfob_firmware.body import CURRENTS
from keyfob_firmware.errors import InvalidFobOptionError
from keyfob_firmware.held_fob import HeldFob
from keyfob_firmware.state import FobState
from keyfob_firmware.world_time import World

if TYPE_CHECKING:
    from keyfob.temperature import Temperature

_NEEDS_SECRET = ("digits", "algorithm", "time_step_s", "counter")


@dataclass(frozen=True, slots=True, kw_only=True)
class FobOptions:
    """What fob a test wants; with none of these, one that is new, right, empty and ready to scan.

    Attributes:
        uri: the otpauth URI that it holds.
        secret: in place of a URI, the secret in base32, with the four that follow.
        digits: 6 to 10.
        algorithm: an `Algorithm` or its name.
        time_step_s: RFC 6238's X.
        counter: makes it event-based (RFC 4226), with this counter for its next code.
        serial: the number on its back; one for each fob of the test unless given.
        drift_ppm: the tolerance of its crystal; 1 ppm is 0.0864 s a day.
        offset_s: how far ahead its clock was set when it was made; its drift comes on top.
        age_days: how long ago that was. Crystal and battery are as old, but one that would be flat by now was replaced by
            a fresh one today.
        temperature: where it lies, by a profile's name (room, desk, pocket, outdoors, car, car-in-winter), or any
            `Temperature`.
        pin: what it asks for before each code; `fresh()` and the like type it.
        seed: what its chance comes from: the same number, the same fob; the fob's number within the test unless given.
    """

    uri: str | None = None
    secret: str | None = None
    digits: int | None = None
    algorithm: Algorithm | str | None = None
    time_step_s: int | None = None
    counter: int | None = None
    serial: str | None = None
    drift_ppm: float = 0.0
    offset_s: float = 0.0
    age_days: float = 0.0
    temperature: "str | Temperature" = "room"
    pin: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.uri is not None and self.secret is not None:
            raise InvalidFobOptionError("uri and secret exclude each other")
        stray = [name for name in _NEEDS_SECRET if getattr(self, name) is not None]
        if stray and self.secret is None:
            raise InvalidFobOptionError(f"{', '.join(stray)} go with secret; a uri has its own")
        if self.time_step_s is not None and self.counter is not None:
            raise InvalidFobOptionError("a fob has a time step or a counter, not both")
        if not self.age_days >= 0.0:
            raise InvalidFobOptionError("age_days must be 0 or more")

    @property
    def parameters(self) -> Parameters:
        """How codes come from the secret."""
        given = {
            "digits": self.digits,
            "algorithm": self._algorithm(),
            "time_step_s": self.time_step_s,
        }
        return Parameters(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # Parameters checks them

    def _algorithm(self) -> object:
        named = {kind.value: kind for kind in Algorithm}
        return (
            named.get(self.algorithm, self.algorithm) if isinstance(self.algorithm, str) else self.algorithm
        )


class Options(TypedDict, total=False):
    """The options of `FobOptions`, each at will: what `make_fob` takes by name."""

    uri: str | None
    secret: str | None
    digits: int | None
    algorithm: Algorithm | str | None
    time_step_s: int | None
    counter: int | None
    serial: str | None
    drift_ppm: float
    offset_s: float
    age_days: float
    temperature: "str | Temperature"
    pin: str | None
    seed: int | None


class FobMaker:
    """Makes the fobs of one test.

    Args:
        world: the true time that they live by.
    """

    def __init__(self, world: World) -> None:
        self._world, self._key = world, SealingKey.generate()
        self._made = 0

    def make(self, options: FobOptions) -> HeldFob:
        """A fob as ordered.

        Raises:
            InvalidParametersError, InvalidUriError, InvalidSeedError, InvalidSerialError, InvalidPinError,
                UnknownTemperatureProfileError: an option is not possible.
        """
        self._made += 1
        seed = self._made if options.seed is None else options.seed
        serial = f"KF{self._made:08}" if options.serial is None else options.serial
        oscillator = self._oscillator(options, seed)
        state = FobState.new(serial, oscillator, random_bytes=random.Random(seed).randbytes)  # noqa: S311  no secret
        if _outlives_its_battery(options.age_days):
            state = dataclasses.replace(state, accounted_at=self._world.now())
        fob = HeldFob(state, self._key, self._world, options.pin)
        if options.pin is not None:
            fob.set_pin(options.pin)
        if options.uri is not None:
            fob.provision(options.uri)
        elif options.secret is not None:
            _program(fob, Seed.from_base32(options.secret), options)
        return fob

    def _oscillator(self, options: FobOptions, seed: int) -> Oscillator:
        named = options.temperature
        return Oscillator(
            crystal=Crystal(options.drift_ppm),
            temperature=temperature_profile(named) if isinstance(named, str) else named,
            made_at=self._world.now() - options.age_days * DAY_S,
            wander_seed=seed,
            offset_at_manufacture_s=options.offset_s,
        )


def _outlives_its_battery(age_days: float) -> bool:
    return Battery().drained(CURRENTS.oscillator_ua, age_days * DAY_S).is_flat()


def _program(fob: HeldFob, seed: Seed, options: FobOptions) -> None:
    if options.counter is None:
        fob.program(seed, options.parameters)
    else:
        fob.program_counter(seed, options.counter, options.parameters)
