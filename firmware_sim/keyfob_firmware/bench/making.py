"""Fobs as the bench's callers ask for them."""

import secrets

from keyfob.errors import InvalidParametersError
from keyfob.ocra import OcraSuite
from keyfob.oscillator import Crystal, Oscillator
from keyfob.seed import Seed
from keyfob.temperature_profiles import temperature_profile
from keyfob_firmware.bench.bench import Bench, require_age
from keyfob_firmware.bench.models import FobRequest
from keyfob_firmware.state import FobState


def make_fob(bench: Bench, wanted: FobRequest) -> str:
    """Puts a new fob on the bench, whole or not at all; its serial.

    Raises:
        SerialTakenError: there is one of that serial.
        InvalidParametersError: a figure is not possible, or both a URI and a challenge are given.
        InvalidUriError, InvalidSeedError, InvalidOcraSuiteError, UnsuitableSuiteError, InvalidPinError,
            UnknownTemperatureProfileError: that is not as it should be.
        BenchFileInaccessibleError: the system refuses.
    """
    if wanted.uri is not None and wanted.challenge is not None:
        raise InvalidParametersError("challenge", "both", "given in place of uri")
    _, now = bench.time()
    fob = bench.unkept(FobState.new(wanted.serial or _new_serial(), _oscillator(wanted, now)))
    if wanted.pin is not None:
        fob.set_pin(wanted.pin, wanted.pin_attempts)
    if wanted.uri is not None:
        fob.provision(wanted.uri)
    elif wanted.challenge is not None:
        asked = wanted.challenge
        fob.program_challenge(Seed.from_base32(asked.seed), OcraSuite.parse(asked.suite), asked.counter)
    require_age(fob, now, wanted.age_days)
    fob.age(wanted.age_days)
    bench.make(fob.state)
    return fob.state.serial


def _oscillator(wanted: FobRequest, now: float) -> Oscillator:
    return Oscillator(
        crystal=Crystal(wanted.drift_ppm, wander_ppm_per_sqrt_day=wanted.wander_ppm),
        temperature=temperature_profile(wanted.temperature),
        made_at=now,
        wander_seed=secrets.randbits(32) if wanted.wander_seed is None else wanted.wander_seed,
        offset_at_manufacture_s=wanted.offset_s,
    )


def _new_serial() -> str:
    return f"KF{secrets.randbelow(10**8):08}"
