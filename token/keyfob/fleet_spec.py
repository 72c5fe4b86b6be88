"""What a population of fobs is like: read from TOML, every key checked, every key with a default.

A distribution is written as a number (all alike), as `{ uniform = [lowest, highest] }`, or as `{ normal = [mean, sigma] }`,
drawn again where it falls outside of what is possible. docs/examples/fleet.toml names every key.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.errors import InvalidParametersError, InvalidUriError, KeyfobError
from keyfob.parameters import MAX_TIME_STEP_S, Algorithm, Parameters
from keyfob.seed import Seed
from keyfob.temperature_profiles import PROFILES
from keyfob.uri import Provisioning

OLDEST_DAYS = 36_525.0
BY_AGE = "by age"
MAX_FOBS = 100_000

_LAST_COUNTER = 2**64 - 2  # a fob counts on to the last one


class InvalidFleetSpecError(KeyfobError):
    """A fleet's specification says something that cannot be; `key` is the path to it, empty for the whole."""

    code = "fleet-spec-invalid"

    def __init__(self, key: str, problem: str) -> None:
        self.key, self.problem = key, problem
        super().__init__(f"the fleet's specification: {key} {problem}" if key else f"a fleet's {problem}")


class Distribution(Protocol):
    """What a figure is drawn from."""

    def draw(self, chance: Random) -> float:
        """One figure."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    figure: float

    def draw(self, chance: Random) -> float:  # noqa: ARG002  every distribution is handed the chance
        """The figure."""
        return self.figure


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything between two figures alike."""

    lowest: float
    highest: float

    def draw(self, chance: Random) -> float:
        """One figure, both ends included."""
        return min(max(chance.uniform(self.lowest, self.highest), self.lowest), self.highest)


@dataclass(frozen=True, slots=True)
class Normal:
    """Gaussian between two limits, which the mean lies within and the standard deviation does not exceed by far."""

    mean: float
    sigma: float
    lowest: float
    highest: float

    def draw(self, chance: Random) -> float:
        """One figure; what falls beyond a limit is sorted out, as a factory would."""
        while True:
            figure = chance.gauss(self.mean, self.sigma)
            if self.lowest <= figure <= self.highest:
                return figure


@dataclass(frozen=True, slots=True)
class CrystalSpec:
    """The crystals.

    Attributes:
        grade_ppm: what their data sheet promises; no tolerance is beyond it.
        tolerance_ppm: what each was made with.
        turnover_c: where each runs fastest.
        ageing_ppm: what each gains in its first year.
        wander_ppm_per_sqrt_day: as in `keyfob.oscillator.Crystal`.
    """

    grade_ppm: float = 20.0
    tolerance_ppm: Distribution = Uniform(-20.0, 20.0)
    turnover_c: Distribution = Uniform(20.0, 30.0)
    ageing_ppm: Distribution = Uniform(-3.0, 3.0)
    wander_ppm_per_sqrt_day: float = 0.01


@dataclass(frozen=True, slots=True)
class PinSpec:
    """The PINs.

    Attributes:
        share: how many of the fobs have one, 0 to 1.
        digits: its length.
        attempts: the wrong ones that it bears.
    """

    share: float = 0.0
    digits: int = 4
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class CredentialSpec:
    """What the fobs are provisioned with.

    Attributes:
        parameters: of their codes.
        counter: the first one of event-based fobs; None: they are time-based.
        issuer: the same for all; None: nobody is named.
        account: in it {serial} and {number} stand for the fob's.
    """

    parameters: Parameters = DEFAULT_PARAMETERS
    counter: int | None = None
    issuer: str | None = "ACME"
    account: str = "{serial}"

    def account_of(self, serial: str, number: int) -> str:
        """The account of one fob."""
        return self.account.replace("{serial}", serial).replace("{number}", str(number))


@dataclass(frozen=True, slots=True)
class SerialSpec:
    """The numbers on their backs, one after the other.

    Attributes:
        prefix: what stands before each.
        digits: how many each has.
        first: the first one.
    """

    prefix: str = "KF"
    digits: int = 8
    first: int = 1

    def serial(self, index: int) -> str:
        """That of the fob with this index, from 0 on."""
        return f"{self.prefix}{self.first + index:0{self.digits}}"


@dataclass(frozen=True, slots=True)
class FleetSpec:
    """A population of fobs.

    Attributes:
        crystal: how their clocks run.
        temperature: names of profiles (`keyfob.temperature_profiles`) and the weight of each.
        age_days: how long ago each was made.
        battery_used: the part of its charge that is gone, 0 to 1; None: as much as its age took.
        pin: which have one.
        credential: what codes they show.
        serial: what stands on their backs.
    """

    crystal: CrystalSpec = CrystalSpec()
    temperature: tuple[tuple[str, float], ...] = (("pocket", 6.0), ("desk", 3.0), ("car", 1.0))
    age_days: Distribution = Constant(0.0)
    battery_used: Distribution | None = None
    pin: PinSpec = PinSpec()
    credential: CredentialSpec = CredentialSpec()
    serial: SerialSpec = SerialSpec()

    def require_room(self, count: int) -> None:
        """Lets through a number of fobs that the serials reach for.

        Raises:
            InvalidFleetSpecError: there are too few serials, or more fobs than a file takes.
        """
        if not 1 <= count <= MAX_FOBS:
            raise InvalidFleetSpecError("", f"number of fobs must be 1 to {MAX_FOBS}, not {count}")
        if len(str(self.serial.first + count - 1)) > self.serial.digits:
            raise InvalidFleetSpecError("serial.digits", f"must be more for {count} fobs")


def read_fleet_spec(text: str) -> FleetSpec:
    """Reads a specification; what it does not name has its default.

    Raises:
        InvalidFleetSpecError: it is no TOML, or a key is unknown or says something impossible.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFleetSpecError("", f"specification is no TOML: {error}") from None
    root = _Table("", document)
    spec = FleetSpec(
        crystal=_crystal(root.table("crystal")),
        temperature=_temperature(root.table("temperature")),
        age_days=_age(root.table("age")),
        battery_used=_battery(root.table("battery")),
        pin=_pin(root.table("pin")),
        credential=_credential(root.table("credential")),
        serial=_serial(root.table("serial")),
    )
    root.require_known()
    _require_accounts(spec)
    return spec


class _Table:
    """A table of the document, which remembers what was asked of it."""

    def __init__(self, path: str, entries: Mapping[str, Any]) -> None:
        self._path, self._entries = path, entries
        self._known: set[str] = set()

    def names(self) -> list[str]:
        return list(self._entries)

    def key(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def take(self, name: str) -> Any:
        self._known.add(name)
        return self._entries.get(name)

    def table(self, name: str) -> "_Table":
        found = self.take(name)
        if found is not None and not isinstance(found, dict):
            raise InvalidFleetSpecError(self.key(name), f"must be a table: write [{self.key(name)}]")
        return _Table(self.key(name), found or {})

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        found = self.take(name)
        return default if found is None else _number(self.key(name), found, lowest, highest)

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        found = self.take(name)
        if found is None:
            return default
        if type(found) is not int or not lowest <= found <= highest:
            raise InvalidFleetSpecError(
                self.key(name), f"must be a whole number from {lowest} to {highest}, not {found!r}"
            )
        return found

    def text(self, name: str, default: str) -> str:
        found = self.take(name)
        if found is None:
            return default
        if not isinstance(found, str):
            raise InvalidFleetSpecError(self.key(name), f"must be a text in quotes, not {found!r}")
        return found

    def choice(self, name: str, *allowed: str) -> str:
        found = self.text(name, allowed[0])
        if found not in allowed:
            raise InvalidFleetSpecError(self.key(name), f"must be one of {', '.join(allowed)}, not {found!r}")
        return found

    def distribution(self, name: str, default: Distribution, lowest: float, highest: float) -> Distribution:
        found = self.take(name)
        return default if found is None else _distribution(self.key(name), found, lowest, highest)

    def require_known(self) -> None:
        for name in self._entries:
            if name not in self._known:
                known = ", ".join(sorted(self._known))
                raise InvalidFleetSpecError(self.key(name), f"is unknown: what can stand there is {known}")


def _number(key: str, found: object, lowest: float, highest: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not lowest <= found <= highest:
        raise InvalidFleetSpecError(key, f"must be a number from {lowest:g} to {highest:g}, not {found!r}")
    return float(found)


def _distribution(key: str, found: object, lowest: float, highest: float) -> Distribution:
    if not isinstance(found, dict):
        return Constant(_number(key, found, lowest, highest))
    match found:
        case {"uniform": [low, high], **rest} if not rest:
            first = _number(f"{key}.uniform", low, lowest, highest)
            return Uniform(first, _number(f"{key}.uniform", high, first, highest))
        case {"normal": [mean, sigma], **rest} if not rest:
            middle = _number(f"{key}.normal", mean, lowest, highest)
            # no wider than its limits, so that few draws are in vain
            return Normal(middle, _number(f"{key}.normal", sigma, 0.0, highest - lowest), lowest, highest)
    raise InvalidFleetSpecError(
        key, "must be a number, { uniform = [lowest, highest] } or { normal = [mean, sigma] }"
    )


def _crystal(table: _Table) -> CrystalSpec:
    grade_ppm = table.number("grade_ppm", 20.0, 0.0, 1000.0)
    sigma_ppm = table.number("sigma_ppm", 0.0, 0.0, 2.0 * grade_ppm)
    uniform = Uniform(-grade_ppm, grade_ppm)
    default = CrystalSpec()
    spec = CrystalSpec(
        grade_ppm=grade_ppm,
        tolerance_ppm=Normal(0.0, sigma_ppm, -grade_ppm, grade_ppm) if sigma_ppm else uniform,
        turnover_c=table.distribution("turnover_c", default.turnover_c, -50.0, 100.0),
        ageing_ppm=table.distribution("ageing_ppm", default.ageing_ppm, -100.0, 100.0),
        wander_ppm_per_sqrt_day=table.number(
            "wander_ppm_per_sqrt_day", default.wander_ppm_per_sqrt_day, 0.0, 10.0
        ),
    )
    table.require_known()
    return spec


def _temperature(table: _Table) -> tuple[tuple[str, float], ...]:
    if not table.names():
        return FleetSpec().temperature
    for name in table.names():
        if name not in PROFILES:
            raise InvalidFleetSpecError(
                table.key(name), f"is no temperature profile: take one of {', '.join(PROFILES)}"
            )
    weights = tuple((name, table.number(name, 0.0, 0.0, 1e6)) for name in table.names())
    if not any(weight for _, weight in weights):
        raise InvalidFleetSpecError("temperature", "must give some profile a weight above 0")
    return weights


def _age(table: _Table) -> Distribution:
    days = table.distribution("days", FleetSpec().age_days, 0.0, OLDEST_DAYS)
    table.require_known()
    return days


def _battery(table: _Table) -> Distribution | None:
    used = table.take("used")
    table.require_known()
    if used is None or used == BY_AGE:
        return None
    if isinstance(used, str):
        raise InvalidFleetSpecError(table.key("used"), f'must be a number, a distribution or "{BY_AGE}"')
    return _distribution(table.key("used"), used, 0.0, 1.0)


def _pin(table: _Table) -> PinSpec:
    default = PinSpec()
    spec = PinSpec(
        share=table.number("share", default.share, 0.0, 1.0),
        digits=table.whole("digits", default.digits, 4, 8),
        attempts=table.whole("attempts", default.attempts, 1, 15),
    )
    table.require_known()
    return spec


def _credential(table: _Table) -> CredentialSpec:
    default = CredentialSpec()
    kind = table.choice("kind", "totp", "hotp")
    algorithm = Algorithm(table.choice("algorithm", *(algorithm.value for algorithm in Algorithm)))
    digits = table.whole("digits", default.parameters.digits, 6, 10)
    time_step_s, counter = default.parameters.time_step_s, None
    if kind == "totp":
        time_step_s = table.whole("time_step_s", time_step_s, 1, MAX_TIME_STEP_S)
    else:
        counter = table.whole("counter", 0, 0, _LAST_COUNTER)
    issuer = table.text("issuer", default.issuer or "")
    account = table.text("account", default.account)
    table.require_known()
    return CredentialSpec(Parameters(algorithm, digits, time_step_s), counter, issuer or None, account)


def _serial(table: _Table) -> SerialSpec:
    default = SerialSpec()
    spec = SerialSpec(
        prefix=table.text("prefix", default.prefix),
        digits=table.whole("digits", default.digits, 1, 18),
        first=table.whole("first", default.first, 0, 10**18 - 1),
    )
    table.require_known()
    allowed = spec.prefix.replace("-", "").replace("_", "").replace(".", "")
    if len(spec.prefix) > 32 or not (allowed.isascii() and (allowed.isalnum() or not allowed)):
        raise InvalidFleetSpecError(
            table.key("prefix"), "must be up to 32 letters, digits, dots, hyphens and underscores"
        )
    if len(str(spec.first)) > spec.digits:
        raise InvalidFleetSpecError(table.key("first"), f"must have no more than {spec.digits} digits")
    return spec


def _require_accounts(spec: FleetSpec) -> None:
    """Lets through an issuer and accounts that an otpauth URI can carry."""
    credential = spec.credential
    longest = credential.account_of(spec.serial.serial(0), MAX_FOBS)
    if "{" in longest or "}" in longest:
        raise InvalidFleetSpecError(
            "credential.account", "can hold {serial} and {number}, and no other braces"
        )
    try:
        Provisioning(Seed(bytes(20)), longest, credential.issuer, credential.parameters, credential.counter)
    except (InvalidUriError, InvalidParametersError) as error:
        raise InvalidFleetSpecError("credential", f"cannot be provisioned: {error}") from None
