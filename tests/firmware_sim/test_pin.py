import pytest

from fob_samples import tells
from keyfob.errors import UnsealError
from keyfob.seed import SealingKey
from keyfob_firmware.errors import InvalidPinError
from keyfob_firmware.memory import Memory, PowerLostError
from keyfob_firmware.pin import DEFAULT_ATTEMPTS, MAX_ATTEMPTS, PinLock
from keyfob_firmware.records import COUNT_BYTES, SLOT_BYTES, DamagedRecordError
from keyfob_firmware.secret_slot import DamagedSecretError
from keyfob_firmware.storage import AREAS, PIN_AT, PIN_FAILURES_AT, Storage

PIN, WRONG = "73914", "73915"
USED_PIN_BYTES = 7 + 1 + 12 + 8 + 16


@pytest.fixture
def memory(key):
    memory = Memory()
    lock_of(memory, key).set(PIN, 3)
    return memory


def lock_of(memory, key):
    return PinLock(Storage(memory), key, "fob-1")


def test_right_pin_is_right_and_any_other_wrong(memory, key):
    lock = lock_of(memory, key)
    assert lock.check(PIN)
    for wrong in (WRONG, "7391", PIN + "4", "", "0000"):
        lock.check(PIN)
        assert not lock.check(wrong)


@pytest.mark.parametrize("attempts", [1, 2, DEFAULT_ATTEMPTS, MAX_ATTEMPTS])
def test_limit_holds_even_for_the_right_pin(key, attempts):
    lock = lock_of(Memory(), key)
    lock.set(PIN, attempts)
    for left in range(attempts, 0, -1):
        assert lock.attempts_left() == left
        assert not lock.check(WRONG)
    assert lock.attempts_left() == 0
    assert not lock.check(PIN)
    assert lock.attempts_left() == 0


def test_right_pin_forgives_the_wrong_ones(memory, key):
    lock = lock_of(memory, key)
    lock.check(WRONG)
    lock.check(WRONG)
    assert lock.check(PIN)
    assert lock.attempts_left() == 3


@pytest.mark.parametrize("cut", range(SLOT_BYTES))
@pytest.mark.parametrize("typed", [PIN, WRONG])
def test_nothing_is_checked_before_the_attempt_is_counted(memory, key, cut, typed):
    """The supply fails while the attempt is counted: the right PIN and a wrong one then look the same."""
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        lock_of(memory, key).check(typed)
    assert lock_of(Memory(memory.image()), key).attempts_left() in {2, 3}


@pytest.mark.parametrize("typed", [PIN, WRONG])
def test_attempt_is_counted_when_it_is_looked_at(memory, key, typed):
    memory.fail_power(SLOT_BYTES)
    lock = lock_of(memory, key)
    if typed == PIN:
        with pytest.raises(PowerLostError):
            lock.check(typed)
    else:
        assert not lock.check(typed)
    assert lock_of(Memory(memory.image()), key).attempts_left() == 2


@pytest.mark.parametrize("cut", range(SLOT_BYTES, 2 * SLOT_BYTES))
def test_cut_in_forgiving_never_gives_more_attempts_than_were_left(memory, key, cut):
    lock_of(memory, key).check(WRONG)
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        lock_of(memory, key).check(PIN)
    assert lock_of(Memory(memory.image()), key).attempts_left() <= 1


@pytest.mark.parametrize("cut", range(SLOT_BYTES + 1))
def test_cutting_the_power_in_every_attempt_buys_no_more_than_the_limit(memory, key, cut):
    """A wrong PIN that was looked at has returned; those cut off before were not."""
    looked_at = 0
    for _ in range(12):
        memory = Memory(memory.image())
        memory.fail_power(cut)
        lock = lock_of(memory, key)
        left = lock.attempts_left()
        try:
            assert not lock.check(WRONG)
        except PowerLostError:
            continue
        looked_at += left > 0
    assert looked_at == (3 if cut == SLOT_BYTES else 0)


@pytest.mark.parametrize("area", ["pin-failures", "pin"])
def test_flipped_bit_never_gives_an_attempt_back(memory, key, area):
    lock_of(memory, key).check(WRONG)
    lock_of(memory, key).check(WRONG)
    for byte in range(len(AREAS[area])):
        for bit in range(8):
            flipped = Memory(memory.image())
            flipped.flip(AREAS[area][byte], bit)
            assert lock_of(flipped, key).attempts_left() <= 1


def test_altered_pin_is_refused_at_every_bit(memory, key):
    for byte in range(USED_PIN_BYTES):
        for bit in range(8):
            flipped = Memory(memory.image())
            flipped.flip(PIN_AT + byte, bit)
            with pytest.raises(DamagedSecretError):
                lock_of(flipped, key).check(PIN)


def test_lost_count_blocks(memory, key):
    memory.write(PIN_FAILURES_AT, bytes(COUNT_BYTES))
    lock = lock_of(memory, key)
    assert lock.attempts_left() == 0
    with pytest.raises(DamagedRecordError):
        lock.check(PIN)


def test_pin_opens_with_its_own_key_and_for_its_own_fob_only(memory, key):
    with pytest.raises(UnsealError):
        lock_of(memory, SealingKey("test", bytes(32))).check(PIN)
    with pytest.raises(UnsealError):
        PinLock(Storage(memory), key, "fob-2").check(PIN)


def test_memory_does_not_tell_the_pin_nor_its_length(key):
    images = []
    for pin in ("1234", "73914628"):
        memory = Memory()
        lock_of(memory, key).set(pin, 3)
        images.append(memory.image())
        assert not tells(memory.image().decode("latin-1"), pin.encode())
    assert len({len(image) for image in images}) == 1


@pytest.mark.parametrize(
    ("pin", "attempts"),
    [("123", 5), ("123456789", 5), ("12a4", 5), ("١٢٣٤", 5), ("1234\n", 5), ("1234", 0), ("1234", 16)],
)
def test_what_can_be_no_pin_is_refused(key, pin, attempts):
    memory = Memory()
    with pytest.raises(InvalidPinError):
        lock_of(memory, key).set(pin, attempts)
    assert memory.image() == b""


def test_half_written_pin_is_none_after_the_next_start(key):
    whole = Memory()
    lock_of(whole, key).set(PIN, 3)
    for cut in range(3 * SLOT_BYTES + USED_PIN_BYTES + 1):
        memory = Memory()
        memory.fail_power(cut)
        with pytest.raises(PowerLostError):
            lock_of(memory, key).set(PIN, 3)
        started = Memory(memory.image())
        Storage(started).mend()
        assert not lock_of(started, key).is_set
