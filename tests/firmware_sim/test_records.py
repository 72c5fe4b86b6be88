import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keyfob_firmware.memory import Memory, PowerLostError
from keyfob_firmware.records import COUNT_BYTES, SLOT_BYTES, Count, DamagedRecordError

AT = 32
NUMBERS = st.integers(0, 2**64 - 1)
BITS = [(byte, bit) for byte in range(COUNT_BYTES) for bit in range(8)]
LAST = 2**64 - 1


def counted_to(numbers):
    memory = Memory()
    count = Count(memory, AT)
    for number in numbers:
        count.write(number)
    return memory, count


def copied(memory):
    twin = Memory(memory.image())
    return twin, Count(twin, AT)


def test_number_that_was_never_written_is_0():
    _, count = counted_to([])
    assert count.read() == 0
    assert not count.damaged


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_last_number_written_is_read(numbers):
    memory, count = counted_to(numbers)
    assert count.read() == numbers[-1]
    assert copied(memory)[1].read() == numbers[-1]


def test_erased_number_is_as_new():
    memory, count = counted_to([5, 6])
    count.erase()
    assert count.read() == 0
    assert memory.image() == b""


@pytest.mark.parametrize("written", [[0], [0, 1], [0, 1, 2], [254, 255], [65_535], [7, 2**32 - 1]])
@pytest.mark.parametrize("cut", range(SLOT_BYTES))
def test_count_cut_at_any_write_is_the_old_number_the_new_one_or_one_more(written, cut):
    memory, count = counted_to(written)
    old = count.read()
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        count.write(old + 1)
    _, after = copied(memory)
    assert after.read() in {old, old + 1}
    after.write(after.read() + 1)
    assert not after.damaged


@pytest.mark.parametrize("cuts", list(itertools.product(range(0, SLOT_BYTES + 1, 3), repeat=3)))
def test_number_that_was_handed_out_is_never_handed_out_again_whatever_is_cut(cuts):
    memory, _ = counted_to([3])
    handed_out = []
    for cut in (*cuts, SLOT_BYTES, SLOT_BYTES):
        memory, count = copied(memory)
        memory.fail_power(cut)
        number = count.read()
        try:
            count.write(number + 1)
        except PowerLostError:
            continue
        handed_out.append(number)
    assert len(handed_out) >= 2
    assert all(before < after for before, after in itertools.pairwise(handed_out))


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize(("byte", "bit"), BITS)
def test_single_flipped_bit_never_takes_a_count_back(steps, byte, bit):
    handed_out = range(10, 10 + steps)
    memory, count = counted_to([10, *(number + 1 for number in handed_out)])
    memory.flip(AT + byte, bit)
    try:
        number = count.read()
    except DamagedRecordError:
        return
    assert number > handed_out[-1]
    assert number <= handed_out[-1] + 2


@pytest.mark.parametrize(("byte", "bit"), BITS)
def test_flipped_bit_of_a_used_record_is_noticed(byte, bit):
    memory, count = counted_to([10, 11])
    memory.flip(AT + byte, bit)
    assert count.damaged


@pytest.mark.parametrize(("byte", "bit"), [(byte, bit) for byte, bit in BITS if byte < SLOT_BYTES])
def test_first_number_with_a_flipped_bit_is_not_guessed(byte, bit):
    memory, count = counted_to([10])
    memory.flip(AT + byte, bit)
    with pytest.raises(DamagedRecordError):
        count.read()


def test_both_slots_damaged_is_no_number():
    memory, count = counted_to([10, 11])
    memory.flip(AT, 0)
    memory.flip(AT + SLOT_BYTES, 0)
    with pytest.raises(DamagedRecordError):
        count.read()


def test_damaged_number_that_is_set_anew_is_whole_after_two_writes():
    memory, count = counted_to([10, 11])
    memory.flip(AT, 0)
    memory.flip(AT + SLOT_BYTES, 0)
    count.write(20)
    assert count.read() in {20, 21}
    count.write(30)
    assert count.read() == 30
    assert not count.damaged


def test_number_beyond_the_last_one_is_damage():
    _, count = counted_to([LAST])
    with pytest.raises(DamagedRecordError):
        count.write(LAST + 1)
    assert count.read() == LAST


def test_torn_write_after_the_last_number_is_damage():
    memory, count = counted_to([LAST - 1, LAST])
    memory.flip(AT, 0)
    with pytest.raises(DamagedRecordError):
        count.read()


class Counting(RuleBasedStateMachine):
    """Numbers handed out between cuts of the power: the next one is written first, as the firmware does."""

    def __init__(self):
        super().__init__()
        self.memory, _ = counted_to([0])
        self.handed_out = []

    @rule(cut=st.none() | st.integers(0, SLOT_BYTES))
    def hand_out(self, cut):
        self.memory, count = copied(self.memory)
        if cut is not None:
            self.memory.fail_power(cut)
        number = count.read()
        try:
            count.write(number + 1)
        except PowerLostError:
            return
        self.handed_out.append(number)

    @invariant()
    def numbers_only_rise(self):
        assert all(before < after for before, after in itertools.pairwise(self.handed_out))


TestCounting = Counting.TestCase
