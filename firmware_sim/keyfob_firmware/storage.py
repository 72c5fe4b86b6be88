"""What lies where in the fob's non-volatile memory."""

from keyfob_firmware.credential import Credential
from keyfob_firmware.memory import SIZE, Memory, OneWayByte
from keyfob_firmware.records import COUNT_BYTES, Count
from keyfob_firmware.secret_slot import DamagedSecretError, SecretSlot

FUSE_AT = 0
TAMPER_AT = 1
WOKEN_AT = 2
STARTS_AT = 16
COUNTER_AT = STARTS_AT + COUNT_BYTES
PIN_FAILURES_AT = COUNTER_AT + COUNT_BYTES
PIN_AT = PIN_FAILURES_AT + COUNT_BYTES
PIN_BYTES = 64
SEED_AT = PIN_AT + PIN_BYTES

AREAS = {
    "seed": range(SEED_AT, SIZE),
    "counter": range(COUNTER_AT, COUNTER_AT + COUNT_BYTES),
    "pin": range(PIN_AT, SEED_AT),
    "pin-failures": range(PIN_FAILURES_AT, PIN_FAILURES_AT + COUNT_BYTES),
    "starts": range(STARTS_AT, STARTS_AT + COUNT_BYTES),
}
"""The addresses that belong together, by name."""


class Storage:
    """The parts of a fob's memory.

    Attributes:
        memory: the bytes.
        fuse: burnt, no seed can be written, checked or erased any more.
        tampered: burnt, the case was opened once.
        woken: burnt, the fob has left its box.
        starts: starts that were interrupted, one after another.
        counter: the next counter of an event-based fob.
        pin_failures: wrong PINs since the last right one, an attempt under way included.
        pin: the sealed PIN.
        seed: the sealed seed, with what else makes a credential.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.fuse = OneWayByte(memory, FUSE_AT)
        self.tampered = OneWayByte(memory, TAMPER_AT)
        self.woken = OneWayByte(memory, WOKEN_AT)
        self.starts = Count(memory, STARTS_AT)
        self.counter = Count(memory, COUNTER_AT)
        self.pin_failures = Count(memory, PIN_FAILURES_AT)
        self.pin = SecretSlot(memory, PIN_AT, PIN_BYTES)
        self.seed = SecretSlot(memory, SEED_AT, SIZE - SEED_AT)

    def credential(self) -> Credential | None:
        """What the fob was provisioned with; None if with nothing, or if that was altered since."""
        try:
            return Credential.from_bytes(self.seed.read())
        except DamagedSecretError:
            return None

    def mend(self) -> bool:
        """At a start: finishes what a loss of power interrupted, and tells whether there was any.

        Raises:
            PowerLostError: the supply failed again.
        """
        if self.tampered.burnt and not (self.seed.empty and self.pin.empty):
            self.zeroize()
        if self.seed.erasing:
            self.erase_secrets()
            return True
        torn = [self.pin.mend(), self.seed.mend()]
        return any(torn)

    def zeroize(self) -> None:
        """Remembers that the case was opened, then wipes all secrets. Raises `PowerLostError`."""
        self.tampered.burn()
        self.erase_secrets()

    def erase_secrets(self) -> None:
        """Wipes seed and PIN with their counters. Raises `PowerLostError`; `mend` then goes on with all of it."""
        self.seed.wipe()
        self.pin.erase()
        self.counter.erase()
        self.pin_failures.erase()
        self.seed.erase()
