"""keyfob's pytest plugin: the fixtures `fob`, `make_fob` and `virtual_time`, and the marker `fob`.

pytest loads it by itself wherever keyfob is installed, so it imports nothing of keyfob before a test asks for a fob.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import pytest

if TYPE_CHECKING:
    from keyfob_firmware.fob_maker import FobMaker, FobOptions, Options
    from keyfob_firmware.held_fob import HeldFob
    from keyfob_firmware.world_time import VirtualTime, World

MARKER = "fob"


class MakeFob(Protocol):
    """The fixture `make_fob`: `make_fob(drift_ppm=35, age_days=700)`."""

    def __call__(self, **options: "Unpack[Options]") -> "HeldFob":
        """A fob with those of `keyfob_firmware.fob_maker.FobOptions` that are given."""


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**options): what fob the fixture `fob` is, as for `make_fob`: "
        "uri, secret, serial, drift_ppm, offset_s, age_days, temperature, pin, seed, ...",
    )


@pytest.fixture
def _keyfob_world() -> "World":
    from keyfob_firmware.world_time import World  # noqa: PLC0415  loaded for tests with fobs only

    return World()


@pytest.fixture
def virtual_time(_keyfob_world: "World") -> "VirtualTime":
    """A time for all fobs of the test that stands still until moved: `now()`, `advance()`, `move_to()`, `patch()`."""
    from keyfob_firmware.world_time import VirtualTime  # noqa: PLC0415  loaded for tests with fobs only

    time = VirtualTime(_keyfob_world.now())
    _keyfob_world.clock = time
    return time


@pytest.fixture
def _keyfob_maker(_keyfob_world: "World") -> "FobMaker":
    from keyfob_firmware.fob_maker import FobMaker  # noqa: PLC0415  loaded for tests with fobs only

    return FobMaker(_keyfob_world)


@pytest.fixture
def make_fob(_keyfob_maker: "FobMaker") -> MakeFob:
    """Makes fobs: `make_fob(uri=…, drift_ppm=…, offset_s=…, age_days=…)`; without `uri` one that is ready to scan."""

    def make(**options: "Unpack[Options]") -> "HeldFob":
        return _keyfob_maker.make(_options("make_fob()", [], dict(options)))

    return make


@pytest.fixture
def fob(request: pytest.FixtureRequest, _keyfob_maker: "FobMaker") -> "HeldFob":
    """A fob in the test's hand: empty and ready to scan, or as `@pytest.mark.fob(…)` describes it."""
    given: dict[str, Any] = {}
    stray: list[Any] = []
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        given |= marker.kwargs
        stray += marker.args
    return _keyfob_maker.make(_options("@pytest.mark.fob()", stray, given))


def _options(asked: str, stray: Sequence[object], given: dict[str, Any]) -> "FobOptions":
    import dataclasses  # noqa: PLC0415  loaded for tests with fobs only

    from keyfob_firmware.errors import InvalidFobOptionError  # noqa: PLC0415  loaded for tests with fobs only
    from keyfob_firmware.fob_maker import FobOptions  # noqa: PLC0415  loaded for tests with fobs only

    known = [field.name for field in dataclasses.fields(FobOptions)]
    if stray:
        raise InvalidFobOptionError(f"{asked} takes its options by name: {', '.join(known)}")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InvalidFobOptionError(f"{asked} has no {', '.join(unknown)}; it takes {', '.join(known)}")
    return FobOptions(**given)
