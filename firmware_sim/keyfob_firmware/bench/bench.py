"""The fobs on a bench, alive between requests, and each kept in the bench's file after whatever changed it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from keyfob.clock import Clock
from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S, YEAR_S, require_quantity
from keyfob.seed import SealingKey
from keyfob_firmware.bench.clock import BenchClock, Mode
from keyfob_firmware.bench.errors import SerialTakenError, UnknownFobError
from keyfob_firmware.bench.state_file import StateFile
from keyfob_firmware.errors import ForeignFobKeyError
from keyfob_firmware.faults import RateJump
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState

OLDEST_DAYS = 200.0 * YEAR_S / DAY_S
"""No fob is made older."""


class Bench:
    """Virtual fobs, and the one time that they live in. Each is in one hand at a time.

    What only a running fob holds is not kept in the file: what was typed and not entered, and a brown-out to come.

    Args:
        file: what they are kept in.
        key: seals their seeds.
        machine: the machine's clock.

    Raises:
        ForeignFobKeyError: a fob in the file was sealed with another key.
        FobFileError: a fob in the file was altered.
        BenchFileError: the file cannot be read.
    """

    def __init__(self, file: StateFile, key: SealingKey, machine: Clock) -> None:
        self._file, self._key = file, key
        self._lock = threading.Lock()
        self._clock = BenchClock(machine, file.clock())
        states = file.fobs()
        for state in states:
            self._require_own(state)
        self._fobs = {state.serial: Fob(state, key, self._clock) for state in states}

    def serials(self) -> list[str]:
        """Those of all fobs, the oldest first."""
        with self._lock:
            return list(self._fobs)

    def make(self, state: FobState) -> None:
        """Puts a new fob on the bench.

        Raises:
            SerialTakenError: there is one of that serial.
            BenchFileInaccessibleError: the system refuses.
        """
        with self._lock:
            if state.serial in self._fobs:
                raise SerialTakenError(state.serial)
            self._file.keep(state)
            self._fobs[state.serial] = Fob(state, self._key, self._clock)

    def drop(self, serial: str) -> None:
        """Takes a fob off the bench for good. Raises `UnknownFobError`, `BenchFileInaccessibleError`."""
        with self._lock:
            self._fob(serial)
            self._file.drop(serial)
            del self._fobs[serial]

    def reset(self, serial: str) -> None:
        """Makes a fob forget its seed and its PIN.

        Raises:
            UnknownFobError: there is none of that serial.
            FuseBlownError: its programming fuse is blown.
            BenchFileInaccessibleError: the system refuses.
        """
        with self._lock:
            state = self._fob(serial).state.reset()
            self._file.keep(state)
            self._fobs[serial] = Fob(state, self._key, self._clock)

    @contextmanager
    def in_sight(self, serial: str) -> Iterator[Fob]:
        """A fob to look at in a `with` block: what looking at it brings about is found anew after a restart.

        Raises:
            UnknownFobError: there is none of that serial.
        """
        with self._lock:
            yield self._fob(serial)

    @contextmanager
    def in_hand(self, serial: str) -> Iterator[Fob]:
        """A fob to use in a `with` block, kept at its end, also if the block raises.

        What cannot be kept has not happened: the fob is then what it was before.

        Raises:
            UnknownFobError: there is none of that serial.
            BenchFileInaccessibleError: the system refuses to keep it.
        """
        with self._lock:
            fob = self._fob(serial)
            before = fob.state
            try:
                yield fob
            finally:
                try:
                    self._file.keep(fob.state)
                except BaseException:
                    self._fobs[serial] = Fob(before, self._key, self._clock)
                    raise

    def unkept(self, state: FobState) -> Fob:
        """A fob in the bench's time that is not on the bench (yet)."""
        return Fob(state, self._key, self._clock)

    def age(self, serial: str, days: float) -> None:
        """Makes a fob older. Raises what `in_hand` raises, and `InvalidParametersError` where it would be too old."""
        with self.in_hand(serial) as fob:
            require_age(fob, self._clock.now(), days)
            fob.age(days)

    def run_at(self, serial: str, drift_ppm: float) -> None:
        """Has a fob's clock run at that rate from now on. Raises what `in_hand` raises, and `InvalidParametersError`."""
        with self.in_hand(serial) as fob:
            fob.inject(RateJump(drift_ppm - fob.state.oscillator.rate_ppm(self._clock.now())))

    # --- time ---

    def time(self) -> tuple[Mode, float]:
        """Whether the bench's time runs, and what it is."""
        with self._lock:
            return self._clock.mode, self._clock.now()

    def now(self) -> float:
        """The bench's time, for whoever holds one of its fobs."""
        return self._clock.now()

    def advance(self, seconds: float) -> None:
        """Moves the bench's time on.

        Raises:
            InvalidParametersError: that is backwards, or too far.
            BenchFileInaccessibleError: the system refuses to keep it; it was not moved.
        """
        with self._clock_in_hand() as clock:
            clock.advance(seconds)

    def switch_clock(self, mode: Mode) -> None:
        """Lets the bench's time run, or stand still. Raises `BenchFileInaccessibleError`."""
        with self._clock_in_hand() as clock:
            clock.switch(mode)

    @contextmanager
    def _clock_in_hand(self) -> Iterator[BenchClock]:
        with self._lock:
            before = self._clock.setting
            yield self._clock
            try:
                self._file.keep_clock(self._clock.setting)
            except BaseException:
                self._clock.reset_to(before)
                raise

    def _fob(self, serial: str) -> Fob:
        try:
            return self._fobs[serial]
        except KeyError:
            raise UnknownFobError(serial) from None

    def _require_own(self, state: FobState) -> None:
        credential = state.credential
        if credential is not None and credential.sealed.key_id != self._key.key_id:
            raise ForeignFobKeyError(state.serial, credential.sealed.key_id, self._key.key_id)


def require_age(fob: Fob, now: float, days: float) -> None:
    """Lets through an age that a fob may be given on top of what it has.

    Raises:
        InvalidParametersError: it is negative, or would make the fob too old.
    """
    require_quantity("days", days, 0.0, OLDEST_DAYS, "days")
    left_days = OLDEST_DAYS - (now - fob.state.oscillator.made_at) / DAY_S
    if days > left_days:
        raise InvalidParametersError(
            "days", days, f"no more than {max(left_days, 0.0):g}: it would be over 200 years old"
        )
