import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.audit.chain import Head
from keyfob_verifier.audit.checkpoint import (
    MAX_DOCUMENT_BYTES,
    NO_CHECKPOINT,
    SignedCheckpoint,
    State,
    make_checkpoint,
    parse_checkpoint,
    pruned_digest,
)
from keyfob_verifier.audit.errors import InvalidCheckpointError, InvalidPublicKeyError
from keyfob_verifier.audit.signing import Signer, fingerprint, parse_public_key

SIGNER = Signer(bytes(range(32)))
STATE = State(b"o" * 32, (Head(3, 17, b"a" * 32), Head(9, 0, b"b" * 32)), pruned_digest([]))
FIRST = make_checkpoint(b"i" * 32, None, STATE, 1_800_000_000.9, SIGNER)

digests = st.binary(min_size=32, max_size=32)
heads = st.lists(
    st.builds(Head, st.integers(1, 2**53 - 1), st.integers(0, 2**53 - 1), digests),
    min_size=1,
    max_size=5,
    unique_by=lambda head: head.chain_id,
).map(lambda found: tuple(sorted(found)))


@given(digests, heads, digests, st.floats(0, 1e12))
def test_checkpoint_comes_back_from_its_document(opening, heads, pruned, at):
    signed = make_checkpoint(b"i" * 32, FIRST, State(opening, heads, pruned), at, SIGNER)
    assert parse_checkpoint(signed.document()) == signed
    assert signed.is_by(SIGNER.public_key)
    assert signed.checkpoint.number == 2
    assert signed.checkpoint.previous == FIRST.checkpoint.digest()


def test_first_checkpoint_follows_none():
    assert (FIRST.checkpoint.number, FIRST.checkpoint.previous) == (1, NO_CHECKPOINT)
    assert FIRST.checkpoint.at_s == 1_800_000_000


def test_document_is_canonical_json():
    text = FIRST.document().decode("ascii")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) + "\n"


@pytest.mark.parametrize(
    "change",
    [
        {"installation": b"j" * 32},
        {"number": 2},
        {"at_s": 1_800_000_001},
        {"previous": b"p" * 32},
        {"key": fingerprint(bytes(32))},
        {"state": replace(STATE, opening=b"x" * 32)},
        {"state": replace(STATE, heads=STATE.heads[:1])},
        {"state": replace(STATE, heads=(STATE.heads[0], Head(9, 1, b"b" * 32)))},
        {"state": replace(STATE, pruned=b"x" * 32)},
    ],
)
def test_signature_holds_for_every_field(change):
    altered = SignedCheckpoint(replace(FIRST.checkpoint, **change), FIRST.signature)
    assert not altered.is_by(SIGNER.public_key)


def test_another_key_did_not_sign_it():
    other = Signer(bytes(32))
    assert not FIRST.is_by(other.public_key)
    forged = replace(FIRST.checkpoint, key=fingerprint(other.public_key))
    assert not SignedCheckpoint(forged, FIRST.signature).is_by(other.public_key)
    assert not FIRST.is_by(b"short")


def test_signing_key_is_not_shown():
    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert repr(SIGNER) == f"<Signer {fingerprint(SIGNER.public_key)}>"


def altered_document(change):
    fields = json.loads(FIRST.document())
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.pop("pruned"),
        lambda fields: fields.update(more=1),
        lambda fields: fields.update(format="keyfob-audit-checkpoint-2"),
        lambda fields: fields.update(number=1.0),
        lambda fields: fields.update(number=True),
        lambda fields: fields.update(number=-1),
        lambda fields: fields.update(number=2**53),
        lambda fields: fields.update(opening="0" * 63),
        lambda fields: fields.update(opening="0" * 64 + "\n"),
        lambda fields: fields.update(opening="G" * 64),
        lambda fields: fields.update(signature=None),
        lambda fields: fields.update(heads=[]),
        lambda fields: fields.update(heads={}),
        lambda fields: fields["heads"].reverse(),
        lambda fields: fields["heads"].append(fields["heads"][-1]),
        lambda fields: fields["heads"][0].update(more=1),
    ],
)
def test_document_that_keyfob_does_not_write_is_refused(change):
    with pytest.raises(InvalidCheckpointError):
        parse_checkpoint(altered_document(change))


@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_anything_else_is_refused_in_one_way(document):
    with pytest.raises(InvalidCheckpointError):
        parse_checkpoint(document)


@given(st.integers(0, len(FIRST.document()) - 2), st.binary(min_size=1, max_size=1))
def test_document_with_another_byte_is_refused_or_not_signed(place, byte):
    document = bytearray(FIRST.document())
    before = document[place]
    document[place : place + 1] = byte
    try:
        found = parse_checkpoint(bytes(document))
    except InvalidCheckpointError:
        return
    assert byte[0] == before or not found.is_by(SIGNER.public_key)


def test_field_that_stands_there_twice_is_refused():
    twice = FIRST.document().replace(b'"number":1', b'"number":1,"number":1')
    with pytest.raises(InvalidCheckpointError, match="twice"):
        parse_checkpoint(twice)


@pytest.mark.parametrize("document", [b"[" * 100_000, b" " * (MAX_DOCUMENT_BYTES + 1), b'{"a":NaN}'])
def test_document_cannot_wear_the_reader_out(document):
    with pytest.raises(InvalidCheckpointError):
        parse_checkpoint(document)


def test_digest_of_pruned_places_tells_them_apart_and_leaves_whole_chains_out():
    one, other = Head(1, 5, b"a" * 32), Head(2, 5, b"a" * 32)
    assert pruned_digest([one, Head(3, 0, b"c" * 32)]) == pruned_digest([one])
    assert len({pruned_digest(found) for found in ([], [one], [other], [one, other])}) == 4


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "x"])
def test_text_that_is_no_public_key_is_refused(text):
    with pytest.raises(InvalidPublicKeyError):
        parse_public_key(text)


def test_public_key_is_read_from_its_digits():
    assert parse_public_key(f" {SIGNER.public_key.hex().upper()}\n") == SIGNER.public_key
