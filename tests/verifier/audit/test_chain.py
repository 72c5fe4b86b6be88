"""What the hashes are taken over, held against the words of the documentation."""

import hashlib
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyfob_verifier.audit.chain import Head, encoded_point, entry_hash, first_chain, next_chain

PREVIOUS = bytes(range(32))
CONTENT = ("default", 1_800_000_000.25, "local:root", "validate", "KF-1", "accepted", 60_000_000)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
contents = st.tuples(
    texts,
    st.floats(allow_nan=False),
    texts,
    texts,
    st.none() | texts,
    texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
)


def described(previous, chain_id, sequence, content):
    """The hash as docs/audit.md describes it, in other words than the code's."""
    tenant, at, actor, action, serial, outcome, step = content
    written = [text.encode() for text in (tenant, actor, action, serial or "", outcome)]
    parts = [b"\x01", b"E", previous, chain_id.to_bytes(8, "big"), sequence.to_bytes(8, "big")]
    parts += [struct.pack(">d", at), bytes([step is not None]), struct.pack(">q", step or 0)]
    parts += [bytes([serial is not None])]
    parts += [len(text).to_bytes(2, "big") for text in written] + written
    return hashlib.sha256(b"".join(parts)).digest()


@given(contents, st.integers(1, 2**62), st.integers(1, 2**62))
def test_entry_is_hashed_as_documented(content, chain_id, sequence):
    assert entry_hash(PREVIOUS, chain_id, sequence, content) == described(
        PREVIOUS, chain_id, sequence, content
    )


@given(contents, contents)
def test_two_entries_that_differ_hash_differently(one, other):
    assume(one != other)
    assert entry_hash(PREVIOUS, 1, 1, one) != entry_hash(PREVIOUS, 1, 1, other)


def test_texts_do_not_run_into_each_other():
    moved = ("defaul", CONTENT[1], "tlocal:root", *CONTENT[3:])
    assert entry_hash(PREVIOUS, 1, 1, moved) != entry_hash(PREVIOUS, 1, 1, CONTENT)


def test_no_serial_and_no_step_are_not_empty_ones():
    hashes = {
        entry_hash(PREVIOUS, 1, 1, (*CONTENT[:4], serial, "accepted", step))
        for serial in (None, "")
        for step in (None, 0)
    }
    assert len(hashes) == 4


def test_entry_stands_for_its_place_and_for_all_before_it():
    hashes = {
        entry_hash(previous, chain_id, sequence, CONTENT)
        for previous in (PREVIOUS, bytes(32))
        for chain_id in (1, 2)
        for sequence in (1, 2)
    }
    assert len(hashes) == 8


def test_opening_is_hashed_as_documented():
    first = first_chain(PREVIOUS, 5.5)
    numbers = struct.pack(">qdqq", 1, 5.5, 0, 0)
    assert first.opening == hashlib.sha256(b"\x01O" + numbers + PREVIOUS + bytes(32)).digest()
    head = Head(1, 7, b"h" * 32)
    second = next_chain(first, head, 6.5)
    numbers = struct.pack(">qdqq", 2, 6.5, 1, 7)
    assert second.opening == hashlib.sha256(b"\x01O" + numbers + head.hash + first.opening).digest()
    assert second.predecessor == head
    assert second.pruned == Head(2, 0, second.opening)


@pytest.mark.parametrize("digest", [b"", b"h" * 31, b"h" * 33])
def test_hash_of_another_length_is_not_cut_or_filled(digest):
    with pytest.raises(ValueError, match="32 bytes"):
        encoded_point(Head(1, 1, digest))
    with pytest.raises(ValueError, match="32 bytes"):
        first_chain(digest, 1.0)
