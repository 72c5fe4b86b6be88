import pytest

from fob_samples import SECRET
from fob_starts import made
from keyfob.errors import InvalidParametersError
from keyfob.seed import Seed
from keyfob_firmware.machine import State
from keyfob_firmware.memory import SIZE, Memory, PowerLostError
from keyfob_firmware.secret_slot import DamagedSecretError, SecretSlot

AT, ROOM = 100, 64
CONTENT = bytes(range(200, 240))
WRITES = 1 + 6 + len(CONTENT) + 1
HEADER_BYTES = 7


def slot_in(memory):
    return SecretSlot(memory, AT, ROOM)


def written(content=CONTENT):
    memory = Memory()
    slot_in(memory).write(content)
    return memory


def after_a_start(memory):
    """The slot after the next start, and what `mend` said."""
    again = Memory(memory.image())
    slot = slot_in(again)
    return again, slot, slot.mend()


def test_new_slot_is_empty_and_holds_nothing():
    slot = slot_in(Memory())
    assert slot.empty
    with pytest.raises(DamagedSecretError):
        slot.read()


def test_what_was_written_is_read():
    memory = written()
    assert not slot_in(memory).empty
    assert slot_in(Memory(memory.image())).read() == CONTENT


def test_erased_slot_has_nothing_left():
    memory = written()
    slot_in(memory).erase()
    assert slot_in(memory).empty
    assert memory.image() == b""


@pytest.mark.parametrize("cut", range(WRITES))
def test_write_cut_at_any_byte_is_whole_or_empty_after_the_next_start(cut):
    memory = Memory()
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        slot_in(memory).write(CONTENT)
    again, slot, torn = after_a_start(memory)
    assert slot.empty
    assert torn is (cut > 0)
    assert again.image() == b""
    slot.write(CONTENT)
    assert slot.read() == CONTENT


def test_write_takes_as_many_bytes_as_these_tests_cut():
    memory = Memory()
    memory.fail_power(WRITES)
    slot_in(memory).write(CONTENT)
    assert after_a_start(memory)[1].read() == CONTENT


@pytest.mark.parametrize("cut", range(1, WRITES))
def test_half_written_slot_gives_nothing_even_before_it_is_mended(cut):
    memory = Memory()
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        slot_in(memory).write(CONTENT)
    with pytest.raises(DamagedSecretError):
        slot_in(memory).read()


@pytest.mark.parametrize("cut", range(ROOM + 1))
def test_erasure_cut_at_any_byte_leaves_it_whole_or_empty_after_the_next_start(cut):
    memory = written()
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        slot_in(memory).erase()
    again, slot, torn = after_a_start(memory)
    assert torn is (cut > 0)
    if cut == 0:
        assert slot.read() == CONTENT
    else:
        assert slot.empty
        assert again.image() == b""


@pytest.mark.parametrize("cut", range(ROOM + 1))
def test_mending_that_is_cut_is_mended_at_the_start_after(cut):
    memory = Memory()
    memory.fail_power(20)
    with pytest.raises(PowerLostError):
        slot_in(memory).write(CONTENT)
    memory = Memory(memory.image())
    memory.fail_power(cut)
    with pytest.raises(PowerLostError):
        slot_in(memory).mend()
    again, slot, torn = after_a_start(memory)
    assert torn
    assert slot.empty
    assert again.image() == b""


@pytest.mark.parametrize("byte", range(HEADER_BYTES + len(CONTENT)))
def test_every_single_flipped_bit_is_refused(byte):
    for bit in range(8):
        memory = written()
        memory.flip(AT + byte, bit)
        with pytest.raises(DamagedSecretError):
            slot_in(memory).read()


@pytest.mark.parametrize("bit", range(8))
def test_flipped_mark_is_never_taken_for_another(bit):
    memory = written()
    memory.flip(AT, bit)
    _, slot, torn = after_a_start(memory)
    assert not slot.empty
    assert not torn
    with pytest.raises(DamagedSecretError):
        slot.read()


def test_flip_behind_the_content_does_no_harm():
    memory = written()
    memory.flip(AT + HEADER_BYTES + len(CONTENT), 3)
    assert slot_in(memory).read() == CONTENT


def test_slot_is_filled_to_its_last_byte_and_touches_nothing_behind():
    content = bytes(slot_in(Memory()).capacity)
    memory = written(content)
    assert slot_in(memory).read() == content
    assert memory.read(AT + ROOM, SIZE) == b"\xff" * (SIZE - AT - ROOM)


def test_content_without_room_is_refused_and_changes_nothing():
    memory = Memory()
    with pytest.raises(ValueError, match="room for 57 bytes, and these are 58"):
        slot_in(memory).write(bytes(58))
    assert memory.image() == b""


def test_account_that_the_memory_has_no_room_for_is_refused():
    fob, _ = made(kind=None)
    with pytest.raises(InvalidParametersError):
        fob.program(Seed(SECRET), account="x" * 5000)
    assert fob.mode is State.UNPROVISIONED
    fob.program(Seed(SECRET), account="x" * 200)
