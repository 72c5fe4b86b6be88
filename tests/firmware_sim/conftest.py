"""What the simulated fob's tests share."""

import pytest

from fob_samples import NOON, URI, steady
from keyfob.clock import VirtualClock
from keyfob.seed import SealingKey
from keyfob_firmware.fob import Fob, FobState


@pytest.fixture
def key():
    return SealingKey("test", bytes(range(32)))


@pytest.fixture
def clock():
    return VirtualClock(NOON)


@pytest.fixture
def blank_fob(key, clock):
    return Fob(FobState.new("KF00000001", steady()), key, clock)


@pytest.fixture
def fob(blank_fob):
    blank_fob.provision(URI)
    return blank_fob
