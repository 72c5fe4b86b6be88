"""The fob without its firmware: what can be touched, worn out and broken."""

from dataclasses import dataclass, field

from keyfob.clock import Clock
from keyfob.oscillator import Oscillator
from keyfob_firmware.battery import COLD_BELOW_C, Battery, Cell, Currents, supply_pull_ppm
from keyfob_firmware.button import ButtonCondition
from keyfob_firmware.display import Segment
from keyfob_firmware.memory import Memory

CURRENTS = Currents()

PULL_STEP_V = 0.1
"""The supply's pull on the crystal follows its voltage in steps of this size."""


@dataclass(slots=True)
class BrownOut:
    """A supply that is about to fail.

    Attributes:
        after_writes: memory writes that still succeed, each time.
        times: how often it fails, one after the other.
    """

    after_writes: int
    times: int


@dataclass(slots=True)
class Body:
    """A fob's parts.

    Attributes:
        truth: tells the true time.
        oscillator: what the fob keeps its time by.
        memory: its non-volatile memory.
        cell: what its battery is.
        used_uah: the charge drawn from that up to `accounted_at`.
        accounted_at: the true time up to which the battery's charge has been taken into account.
        moment: the true time of whatever happens to it now.
        stood_at: where its clock stands while the oscillator has no power; None while it runs.
        button: how well the button works.
        dead_segments: those of the display that never light.
        case_open: whether somebody opened it.
        brown_out: what the supply is about to do; None: nothing.
    """

    truth: Clock
    oscillator: Oscillator
    memory: Memory
    cell: Cell
    used_uah: float
    accounted_at: float
    moment: float
    stood_at: float | None = None
    button: ButtonCondition = ButtonCondition.GOOD
    dead_segments: frozenset[Segment] = frozenset()
    case_open: bool = False
    brown_out: BrownOut | None = None
    _last_told: tuple[float, Oscillator, float] | None = field(default=None, repr=False)
    _felt_v: float = field(default=0.0, repr=False)
    _steady_until_uah: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self._feel_voltage()

    def own_time(self) -> float:
        """What the fob's clock says at the moment: an event asks for it many times."""
        last = self._last_told
        if (
            last is not None
            and last[0] == self.moment
            and last[1] is self.oscillator
            and self.stood_at is None
        ):
            return last[2]
        told = self.own_time_at(self.moment)
        self._last_told = (self.moment, self.oscillator, told) if self.stood_at is None else None
        return told

    def own_time_at(self, at: float) -> float:
        """What it says at another true time."""
        return at + self.oscillator.offset_s(at) if self.stood_at is None else self.stood_at

    def drain(self, until: float, current_ua: float) -> None:
        """Lets the battery feed a current from `accounted_at` to a true time; the crystal feels its voltage sink."""
        if until <= self.accounted_at:
            return
        seconds, self.accounted_at = until - self.accounted_at, until
        self.take(self.cell.drawn_uah(current_ua, seconds))

    def take(self, charge_uah: float) -> None:
        """Takes a charge at once."""
        self.used_uah = min(self.used_uah + charge_uah, self.cell.capacity_uah)
        if self.used_uah >= self._steady_until_uah:
            self._feel_voltage()

    def lie(self, seconds: float) -> None:
        """Its battery ages as if it had lain dark for so long."""
        self.take(self.cell.drawn_uah(self.standby_current_ua, seconds))

    @property
    def battery(self) -> Battery:
        """The battery as it is now."""
        return Battery(self.cell, self.used_uah)

    @property
    def is_low(self) -> bool:
        """Whether its battery is; its guts are warm enough for the charge to tell."""
        return self.used_uah >= self.cell.warns_from_uah

    @property
    def is_flat(self) -> bool:
        """Whether its battery is."""
        return self.used_uah >= self.cell.stops_from_uah

    def put_in(self, battery: Battery) -> None:
        """Another battery takes the old one's place."""
        self.cell, self.used_uah = battery.cell, battery.used_uah
        self._feel_voltage()

    def stop_clock(self) -> None:
        """The oscillator loses its power."""
        if self.stood_at is None:
            self.stood_at = self.own_time()

    def start_clock(self) -> None:
        """The oscillator gets power; the clock goes on from where it stood."""
        if self.stood_at is not None:
            self.set_clock(self.stood_at)

    def set_clock(self, own_time: float) -> None:
        """The clock is set, and runs from now on."""
        at = self.moment
        self.oscillator = self.oscillator.jumped(at, own_time - at - self.oscillator.offset_s(at))
        self.stood_at = None

    @property
    def standby_current_ua(self) -> float:
        """What it draws while its display is dark."""
        return CURRENTS.shipping_ua if self.stood_at is not None else CURRENTS.oscillator_ua

    def _feel_voltage(self) -> None:
        """The crystal feels the battery's voltage, in steps."""
        last_v = self._felt_v
        self._felt_v = round(self.battery.voltage_v() / PULL_STEP_V) * PULL_STEP_V
        cell = self.cell
        next_fraction = cell.fraction_at(self._felt_v - PULL_STEP_V / 2, COLD_BELOW_C)
        self._steady_until_uah = (1.0 - next_fraction) * cell.capacity_uah
        if last_v not in {0.0, self._felt_v} and self.stood_at is None:
            change_ppm = supply_pull_ppm(self._felt_v) - supply_pull_ppm(last_v)
            self.oscillator = self.oscillator.stepped(self.accounted_at, change_ppm)
