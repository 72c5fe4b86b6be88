import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_firmware.memory import BLANK, SIZE, Memory, OneWayByte, PowerLostError


def test_new_memory_is_blank():
    assert Memory().read(0, SIZE) == bytes([BLANK]) * SIZE
    assert Memory().image() == b""


@given(st.integers(0, SIZE - 64), st.binary(max_size=64))
def test_what_is_written_is_read_and_survives_in_the_image(at, content):
    memory = Memory()
    memory.write(at, content)
    assert memory.read(at, len(content)) == content
    assert Memory(memory.image()).read(0, SIZE) == memory.read(0, SIZE)


def test_image_larger_than_the_memory_is_refused():
    with pytest.raises(ValueError, match="4096 bytes, and this image 4097"):
        Memory(bytes(SIZE + 1))


@given(st.binary(min_size=1, max_size=16), st.data())
def test_failing_supply_leaves_exactly_the_first_bytes_written(content, data):
    after_writes = data.draw(st.integers(0, len(content) - 1))
    memory = Memory()
    memory.fail_power(after_writes)
    with pytest.raises(PowerLostError):
        memory.write(100, content)
    assert memory.read(100, 16) == content[:after_writes].ljust(16, bytes([BLANK]))


def test_failed_supply_stays_failed_until_it_is_back():
    memory = Memory()
    memory.fail_power(1)
    memory.write(0, b"a")
    for _ in range(2):
        with pytest.raises(PowerLostError):
            memory.write(1, b"b")
    memory.restore_power()
    memory.write(1, b"b")
    assert memory.read(0, 2) == b"ab"


def test_writes_are_counted_over_several_of_them():
    memory = Memory()
    memory.fail_power(5)
    memory.write(0, b"abc")
    with pytest.raises(PowerLostError):
        memory.write(3, b"def")
    assert memory.image() == b"abcde"


def test_erasing_is_writing():
    memory = Memory(b"abcd")
    memory.fail_power(2)
    with pytest.raises(PowerLostError):
        memory.erase(0, 4)
    assert memory.read(0, 4) == b"\xff\xffcd"


def test_checkpoint_fails_only_where_the_supply_is_about_to():
    memory = Memory()
    memory.checkpoint()
    memory.fail_power(1000)
    with pytest.raises(PowerLostError):
        memory.checkpoint()
    memory.restore_power()
    memory.checkpoint()


def test_flip_changes_one_bit_and_twice_none():
    memory = Memory(b"\x00")
    memory.flip(0, 6)
    assert memory.read(0, 1) == b"\x40"
    memory.flip(0, 6)
    assert memory.read(0, 1) == b"\x00"


@pytest.mark.parametrize(("at", "bit"), [(-1, 0), (SIZE, 0), (0, -1), (0, 8)])
def test_flip_of_a_bit_that_is_not_there_is_refused(at, bit):
    with pytest.raises(ValueError, match="no bit"):
        Memory().flip(at, bit)


def test_one_way_byte_stays_burnt():
    memory = Memory()
    fuse = OneWayByte(memory, 7)
    assert not fuse.burnt
    fuse.burn()
    fuse.burn()
    assert OneWayByte(Memory(memory.image()), 7).burnt


@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_mends_a_burnt_byte(bit):
    memory = Memory()
    fuse = OneWayByte(memory, 7)
    fuse.burn()
    memory.flip(7, bit)
    assert fuse.burnt


def test_burning_without_power_burns_nothing():
    memory = Memory()
    fuse = OneWayByte(memory, 7)
    memory.fail_power(0)
    with pytest.raises(PowerLostError):
        fuse.burn()
    assert not fuse.burnt
