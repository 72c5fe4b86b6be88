"""A fleet's seed file enrolled in a verifier, and its fobs' codes verified there."""

import dataclasses
from random import Random

import pytest

from keyfob import VirtualClock
from keyfob.fleet_spec import FleetSpec, PinSpec, Uniform
from keyfob.formats.fleet_seeds import format_seed_file, read_seed_file
from keyfob.seed import SealingKey
from keyfob_firmware.errors import NoCodeError
from keyfob_firmware.fleet import Chance, make_fleet
from keyfob_firmware.fleet_file import FleetFile
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import Attempt, verify

START = 1_800_000_000.0
SPEC = dataclasses.replace(FleetSpec(), age_days=Uniform(0.0, 5.0), pin=PinSpec(share=0.3))


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def context(database_url, tmp_path, clock):
    kek_path = tmp_path / "keys" / "kek.key"
    initialise(database_url, kek_path, Purpose.PRODUCTION, clock)
    opened = open_installation(database_url, kek_path, Purpose.PRODUCTION, clock)
    yield opened
    opened.store.close()


def typed(fleet, record, key, clock):
    """The code that somebody reads off a fob of the fleet now."""
    with fleet.in_hand(record.serial, key, clock) as fob:
        if record.pin is None:
            return fob.press().code
        with pytest.raises(NoCodeError):
            fob.press()
        return fob.enter(record.pin).code


def validated(context, record, code):
    (outcome,) = verify(
        context, [Attempt(DEFAULT_TENANT, "tester", record.serial, code, context.clock.now())]
    )
    return outcome.reason


def test_sample_of_a_fleet_is_enrolled_and_accepted(context, clock, tmp_path):
    key, chance = SealingKey.generate(), Random(7)
    fobs = list(make_fleet(SPEC, 8, Chance(chance, chance.randbytes, chance.randbytes), key, START))
    text = format_seed_file(fob.record for fob in fobs)
    with FleetFile.create(tmp_path / "fleet", [fob.state for fob in fobs]) as fleet:
        for record in read_seed_file(text):
            carried = record.carried
            application = Application(
                carried.account,
                carried.issuer,
                record.serial,
                carried.parameters,
                carried.seed,
                record.crystal_grade_ppm,
            )
            enrol(context, DEFAULT_TENANT, "tester", application)
            first = typed(fleet, record, key, clock)
            outcome = lifecycle.activate(context, DEFAULT_TENANT, "tester", record.serial, first)
            assert outcome.reason is Reason.ACCEPTED
            clock.advance(seconds=120)
            code = typed(fleet, record, key, clock)
            assert validated(context, record, code) is Reason.ACCEPTED
            assert validated(context, record, code) is Reason.REPLAYED
