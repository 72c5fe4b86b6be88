"""Temperatures by name, for fobs that lie where fobs lie, and the reader of a curve that somebody measured.

A profile is sinusoids; it follows a place's mean, seasons and days, and knows no weather. Times of day are in UTC.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from keyfob.errors import InvalidParametersError, InvalidTemperatureCurveError, UnknownTemperatureProfileError
from keyfob.quantities import DAY_S, YEAR_S, require_temperature, require_unix_time
from keyfob.temperature import (
    ROOM_TEMPERATURE,
    TEMPERATE_CLIMATE,
    CyclicTemperature,
    RecordedTemperature,
    TemperatureCycle,
)

_HEADER = "time,temperature_c"


def _season(amplitude_c: float) -> TemperatureCycle:
    """Warmest in late July."""
    return TemperatureCycle(amplitude_c, period_s=YEAR_S, warmest_at=200.0 * DAY_S)


def _day(amplitude_c: float) -> TemperatureCycle:
    """Warmest at 15:00."""
    return TemperatureCycle(amplitude_c, period_s=DAY_S, warmest_at=0.625 * DAY_S)


DESK = CyclicTemperature(21.5, (_season(2.0), _day(1.5)))
"""On an office desk: 18 °C in a winter night, 25 °C in a summer afternoon, as offices are heated and cooled (EN 16798-1
asks for 20 to 26 °C while people are in)."""

POCKET = CyclicTemperature(26.0, (_day(5.0),))
"""In a trouser pocket by day, on a shelf by night: 31 °C, a little below the 32 to 35 °C of skin, and 21 °C."""

CAR = CyclicTemperature(18.0, (_season(16.0), _day(14.0)))
"""In a car parked outdoors all year: −12 °C in a winter night, 48 °C in a summer afternoon. Grundstein and others
(Maximum vehicle cabin temperatures under different meteorological conditions, Int J Biometeorol, 2009) measured maxima of
41 to 76 °C by weather and season, in Georgia; this is a milder country's."""

CAR_IN_WINTER = CyclicTemperature(-2.0, (_day(6.0),))
"""In a car parked outdoors through a temperate winter: −8 °C by night, 4 °C when the sun stands on it."""

PROFILES: Mapping[str, CyclicTemperature] = MappingProxyType(
    {
        "room": ROOM_TEMPERATURE,
        "desk": DESK,
        "pocket": POCKET,
        "outdoors": TEMPERATE_CLIMATE,
        "car": CAR,
        "car-in-winter": CAR_IN_WINTER,
    }
)
"""The temperatures that have a name."""


def temperature_profile(name: str) -> CyclicTemperature:
    """The temperature of that name.

    Raises:
        UnknownTemperatureProfileError: there is none; the error lists the names.
    """
    if name not in PROFILES:
        raise UnknownTemperatureProfileError(name, tuple(PROFILES))
    return PROFILES[name]


def read_temperature_csv(text: str) -> RecordedTemperature:
    """A curve from lines of `time,temperature_c`, with or without that header; blank lines count for nothing.

    A time is a Unix time in seconds, or ISO 8601 with its zone; each is later than the one before. A temperature is in °C.

    Raises:
        InvalidTemperatureCurveError: a line is none of this, or there is no reading.
    """
    points: list[tuple[float, float]] = []
    lines = text.removeprefix("\ufeff").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (not points and line.replace(" ", "") == _HEADER):
            continue
        point = _reading(number, line)
        if points and point[0] <= points[-1][0]:
            raise InvalidTemperatureCurveError(
                number, "is not later than the reading before it: sort by time"
            )
        points.append(point)
    if not points:
        raise InvalidTemperatureCurveError(max(len(lines), 1), f"ends it without a reading: write {_HEADER}")
    return RecordedTemperature(tuple(points))


def _reading(number: int, line: str) -> tuple[float, float]:
    time_text, comma, temperature_text = line.partition(",")
    if not comma:
        raise InvalidTemperatureCurveError(number, f"has no comma: write {_HEADER}")
    try:
        temperature_c = float(temperature_text)
    except ValueError:
        raise InvalidTemperatureCurveError(number, "has no number of °C after its comma") from None
    at = _unix_time(number, time_text.strip())
    try:
        require_unix_time("the time", at)
        require_temperature("the temperature", temperature_c)
    except InvalidParametersError as error:
        raise InvalidTemperatureCurveError(number, f"is not possible: {error}") from None
    return at, temperature_c


def _unix_time(number: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidTemperatureCurveError(
            number, "begins with neither a Unix time nor one like 2026-01-31T09:30:00+01:00"
        ) from None
    if moment.tzinfo is None:
        raise InvalidTemperatureCurveError(number, "has a time without a zone: end it with Z or +01:00")
    return moment.timestamp()
