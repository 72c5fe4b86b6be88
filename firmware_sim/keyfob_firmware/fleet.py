"""A fleet: many fobs at once, as a factory would make them from one specification."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from keyfob.fleet_spec import FleetSpec
from keyfob.formats.fleet_seeds import SeedRecord
from keyfob.oscillator import Crystal, Oscillator
from keyfob.quantities import DAY_S
from keyfob.seed import Binding, SealedSeed, SealingKey, Seed
from keyfob.temperature_profiles import PROFILES
from keyfob.uri import Provisioning
from keyfob_firmware.battery import Battery
from keyfob_firmware.body import CURRENTS
from keyfob_firmware.credential import Credential, Kind
from keyfob_firmware.machine import State
from keyfob_firmware.memory import Memory
from keyfob_firmware.pin import PinLock
from keyfob_firmware.state import HOLDER, FobState
from keyfob_firmware.storage import Storage


@dataclass(frozen=True, slots=True)
class Chance:
    """What a fleet's randomness comes from.

    Attributes:
        figures: what is no secret: tolerances, ages, temperatures.
        secret_bytes: so many random bytes, for seeds, PINs and ids.
        nonce_bytes: so many random bytes for sealing. Where `secret_bytes` repeats itself, these must not, as long as
            one key seals both fleets.
    """

    figures: Random
    secret_bytes: Callable[[int], bytes]
    nonce_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class MadeFob:
    """A new fob of a fleet, and what its manufacturer tells its verifier: the seed in that is open."""

    state: FobState
    record: SeedRecord


def make_fleet(
    spec: FleetSpec, count: int, chance: Chance, key: SealingKey, made_at: float
) -> Iterator[MadeFob]:
    """Makes fobs, one after the other: provisioned, dark, and as old at `made_at` as the specification says.

    The same specification and chances make the same fobs. Before it has the first one it checks that there are serials
    for all.

    Args:
        spec: what they are like.
        count: how many.
        chance: what they are drawn from.
        key: seals their seeds and PINs.
        made_at: the true time from which they are used. A fob's own manufacture lies its age before that.

    Raises:
        InvalidFleetSpecError: there are too few serials, or more fobs than a file takes.
    """
    spec.require_room(count)
    return (_make(spec, index, chance, key, made_at) for index in range(count))


def _make(spec: FleetSpec, index: int, chance: Chance, key: SealingKey, made_at: float) -> MadeFob:
    serial = spec.serial.serial(index)
    age_s = spec.age_days.draw(chance.figures) * DAY_S
    oscillator = _oscillator(spec, chance.figures, made_at - age_s)
    battery = _battery(spec, chance.figures, age_s)
    pin = _pin(spec, chance)
    account = spec.credential.account_of(serial, index + 1)
    seed = Seed.generate(spec.credential.parameters.algorithm, chance.secret_bytes)
    carried = Provisioning(
        seed, account, spec.credential.issuer, spec.credential.parameters, spec.credential.counter
    )
    fob_id = chance.secret_bytes(16).hex()
    mode, stood_at = State.IDLE, None
    if battery.is_flat():
        mode, stood_at = State.DEAD, made_at + oscillator.offset_s(made_at)
    elif battery.is_low():
        mode = State.LOW_BATTERY
    state = FobState(
        fob_id,
        HOLDER,
        serial,
        oscillator,
        memory=_memory(carried, pin, spec.pin.attempts, fob_id, key=key, nonce_bytes=chance.nonce_bytes),
        mode=mode,
        battery=battery,
        accounted_at=made_at,
        stood_at=stood_at,
    )
    return MadeFob(state, SeedRecord(serial, carried, spec.crystal.grade_ppm, oscillator.made_at, pin))


def _oscillator(spec: FleetSpec, figures: Random, made_at: float) -> Oscillator:
    names, weights = zip(*spec.temperature, strict=True)
    crystal = Crystal(
        spec.crystal.tolerance_ppm.draw(figures),
        turnover_c=spec.crystal.turnover_c.draw(figures),
        ageing_ppm=spec.crystal.ageing_ppm.draw(figures),
        wander_ppm_per_sqrt_day=spec.crystal.wander_ppm_per_sqrt_day,
    )
    (profile,) = figures.choices(names, weights)
    return Oscillator(
        crystal=crystal,
        temperature=PROFILES[profile],
        made_at=made_at,
        wander_seed=figures.getrandbits(64),
    )


def _battery(spec: FleetSpec, figures: Random, age_s: float) -> Battery:
    if spec.battery_used is None:
        return Battery().drained(CURRENTS.oscillator_ua, age_s)
    fresh = Battery()
    return fresh.spent(spec.battery_used.draw(figures) * fresh.cell.capacity_uah)


def _pin(spec: FleetSpec, chance: Chance) -> str | None:
    if chance.figures.random() >= spec.pin.share:
        return None
    # 16 random bytes make every PIN as likely as any other, to all that can be measured
    number = int.from_bytes(chance.secret_bytes(16), "big") % 10**spec.pin.digits
    return f"{number:0{spec.pin.digits}}"


def _memory(
    carried: Provisioning,
    pin: str | None,
    attempts: int,
    fob_id: str,
    *,
    key: SealingKey,
    nonce_bytes: Callable[[int], bytes],
) -> bytes:
    memory = Memory()
    storage = Storage(memory)
    storage.woken.burn()
    if pin is not None:
        PinLock(storage, key, fob_id).set(pin, attempts, nonce_bytes)
    binding = Binding(HOLDER, fob_id, carried.parameters)
    sealed = SealedSeed.seal(carried.seed, binding, key, nonce_bytes)
    kind = Kind.TOTP
    if carried.counter is not None:
        kind = Kind.HOTP
        storage.counter.write(carried.counter)
    credential = Credential(sealed, carried.parameters, carried.account, carried.issuer, kind)
    storage.seed.write(credential.to_bytes())
    return memory.image()
