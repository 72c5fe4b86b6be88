"""The units that the fob's physics counts in, and the check that a figure is a possible one."""

from keyfob.errors import InvalidParametersError

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S

ABSOLUTE_ZERO_C = -273.15
QUARTZ_INVERSION_C = 573.0
"""Above it quartz turns into another form and drives no oscillator."""

UNIX_LIMIT_S = 1e11
"""Times are told from this long before 1970 to this long after it: some three thousand years."""

PPM_LIMIT = 1e6
"""A clock that runs this much slow stands still."""


def require_quantity(field: str, found: object, lowest: float, highest: float, unit: str) -> None:
    """Lets through a number from `lowest` to `highest`, both included.

    Raises:
        InvalidParametersError: `found` is something else; NaN is.
    """
    if not (isinstance(found, int | float) and lowest <= found <= highest):
        raise InvalidParametersError(field, found, f"a number of {unit} from {lowest:g} to {highest:g}")


def require_temperature(field: str, found: object) -> None:
    """Lets through a temperature in °C at which a quartz crystal can be.

    Raises:
        InvalidParametersError: it is below absolute zero, above quartz's inversion, or no number.
    """
    require_quantity(field, found, ABSOLUTE_ZERO_C, QUARTZ_INVERSION_C, "°C")


def require_unix_time(field: str, found: object) -> None:
    """Lets through a Unix time in seconds.

    Raises:
        InvalidParametersError: it lies outside `UNIX_LIMIT_S`, or is no number.
    """
    require_quantity(field, found, -UNIX_LIMIT_S, UNIX_LIMIT_S, "seconds of Unix time")
