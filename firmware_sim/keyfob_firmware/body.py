"""The fob without its firmware: what can be touched, worn out and broken."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from keyfob.clock import Clock
from keyfob.oscillator import Oscillator
from keyfob_firmware.battery import Battery, Cell, Currents
from keyfob_firmware.button import ButtonCondition
from keyfob_firmware.display import Segment
from keyfob_firmware.memory import BrownOut, Memory

CURRENTS = Currents()


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
        pull_ppm: what of its oscillator's rate is its battery's doing.
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
    pull_ppm: float = 0.0
    _last_told: tuple[float, Oscillator, float] | None = field(default=None, repr=False)
    _pulled_until_uah: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self._feel_voltage()
        if self.brown_out is not None:
            self.memory.fail_power(self.brown_out.after_writes)

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
        while until > self.accounted_at:
            charge_uah = self.cell.drawn_uah(current_ua, until - self.accounted_at)
            left_uah = self._pulled_until_uah - self.used_uah
            if charge_uah < left_uah:
                self.accounted_at = until
                self.used_uah = min(self.used_uah + charge_uah, self.cell.capacity_uah)
            else:
                self.accounted_at += (until - self.accounted_at) * max(left_uah / charge_uah, 0.0)
                self.take(max(left_uah, 0.0))

    def take(self, charge_uah: float) -> None:
        """Takes a charge at once."""
        self.used_uah = min(self.used_uah + charge_uah, self.cell.capacity_uah)
        if self.used_uah >= self._pulled_until_uah:
            self._feel_voltage()

    def lasts_s(self, current_ua: float) -> float:
        """How long the battery can feed a current; 0 if it is flat."""
        left_uah = max(self.cell.stops_from_uah - self.used_uah, 0.0)
        return left_uah / self.cell.drawn_uah(current_ua, 1.0)

    def await_brown_out(self, after_writes: int, times: int) -> None:
        """The supply is about to fail so often, each time after so many more memory writes."""
        self.brown_out = BrownOut(after_writes, times) if times else None
        if times:
            self.memory.fail_power(after_writes)

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
        drawn_uah, pulls_ppm = self.cell.pulls
        place = bisect_right(drawn_uah, self.used_uah)
        pull_ppm = pulls_ppm[max(place - 1, 0)]
        self._pulled_until_uah = drawn_uah[place] if place < len(drawn_uah) else math.inf
        change_ppm, self.pull_ppm = pull_ppm - self.pull_ppm, pull_ppm
        if change_ppm and self.stood_at is None:
            self.oscillator = self.oscillator.stepped(self.accounted_at, change_ppm)
