"""Tampering with a record in memory: it is found, and the first place is named."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audit_samples import START, record_of
from keyfob_verifier.audit.chain import Head
from keyfob_verifier.audit.findings import Claim, Fault
from keyfob_verifier.audit.verification import check_chains

turns = st.lists(st.integers(1, 4), min_size=3, max_size=20)
OTHER = {
    "tenant_id": "other",
    "at": START - 1.0,
    "actor": "mallory",
    "action": "revoke",
    "serial": None,
    "outcome": "wrong",
    "step": None,
    "hash": b"x" * 32,
}


def claims_of(record):
    """A checkpoint's claims over the record as it is now."""
    heads = {chain.id: record.head(chain) for chain in record.chains}
    return lambda chain: [Claim(heads[chain.id].sequence, heads[chain.id].hash, "checkpoint 1")]


def check(record, claims_on=lambda _chain: ()):
    entries = sorted(record.entries, key=lambda entry: (entry.chain_id, entry.chain_sequence))
    return list(check_chains(record.chains, entries, claims_on))


def places(findings):
    return [(finding.fault, finding.chain_id, finding.sequence) for finding in findings]


@given(turns)
def test_untouched_record_has_no_fault(turns):
    record = record_of(turns)
    assert check(record, claims_of(record)) == []


@given(turns, st.data())
def test_changed_entry_is_named(turns, data):
    record = record_of(turns)
    index = data.draw(st.integers(0, len(turns) - 1))
    field = data.draw(st.sampled_from(sorted(OTHER)))
    entry = record.entries[index]
    record.entries[index] = entry._replace(**{field: OTHER[field]})
    (found,) = check(record)
    assert places([found]) == [(Fault.CHANGED, entry.chain_id, entry.chain_sequence)]
    assert found.at == record.entries[index].at


@given(turns, st.data())
def test_removed_entry_is_named(turns, data):
    record = record_of(turns)
    claims = claims_of(record)
    entry = record.entries.pop(data.draw(st.integers(0, len(turns) - 1)))
    assert places(check(record, claims)) == [(Fault.MISSING, entry.chain_id, entry.chain_sequence)]


@given(turns, st.data())
def test_of_two_that_changed_places_the_first_is_named(turns, data):
    record = record_of(turns)
    pair = st.lists(st.integers(0, len(turns) - 1), min_size=2, max_size=2, unique=True)
    one, other = (record.entries[index] for index in sorted(data.draw(pair)))
    content = slice(3, 10)
    for mine, its in ((one, other), (other, one)):
        swapped = mine[:3] + its[content] + mine[10:]
        record.entries[record.entries.index(mine)] = type(mine)(*swapped)
    first = min((one.chain_id, one.chain_sequence), (other.chain_id, other.chain_sequence))
    assert places(check(record))[0] == (Fault.CHANGED, *first)


@given(turns, st.data())
def test_inserted_entry_is_named(turns, data):
    """One that follows the entry before it as it should, with all after it moved on: there or where they begin."""
    record = record_of(turns)
    index = data.draw(st.integers(0, len(turns) - 1))
    model = record.entries[index]
    whole = [entry for entry in record.entries if entry.chain_id == model.chain_id]
    record.rewrite(index, actor="mallory")
    forged = record.entries[index]
    before = [entry for entry in whole if entry.chain_sequence < model.chain_sequence]
    rest = [entry._replace(chain_sequence=entry.chain_sequence + 1) for entry in whole[len(before) :]]
    others = [entry for entry in record.entries if entry.chain_id != model.chain_id]
    moved = [*others, *before, forged, *rest]
    record.entries = [entry._replace(sequence=number) for number, entry in enumerate(moved, start=1)]
    (found,) = check(record)
    assert (found.fault, found.chain_id) == (Fault.CHANGED, model.chain_id)
    assert found.sequence - model.chain_sequence in {0, 1}


@given(turns, st.data())
def test_rewritten_tail_is_refuted_by_whoever_saw_the_true_one(turns, data):
    record = record_of(turns)
    claims = claims_of(record)
    index = data.draw(st.integers(0, len(turns) - 1))
    chain_id = record.entries[index].chain_id
    record.rewrite(index, actor="mallory")
    found = check(record, claims)
    assert places(found)[0][:2] == (Fault.CHANGED, chain_id)


@given(turns, st.data())
def test_removed_chain_is_named(turns, data):
    record = record_of(turns)
    assume(len(record.chains) > 1)
    gone = record.chains.pop(data.draw(st.integers(0, len(record.chains) - 2)))
    record.entries = [entry for entry in record.entries if entry.chain_id != gone.id]
    assert (Fault.CHAIN_MISSING, gone.id, None) in places(check(record))


def test_entries_of_a_chain_that_is_not_there_are_named():
    record = record_of([1, 2, 2])
    record.chains.pop()
    assert places(check(record)) == [(Fault.CHAIN_MISSING, 2, 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"opened_at": 1.0},
        {"opened_at": None},
        {"opening": b"x" * 32},
        {"predecessor": Head(1, 0, b"x" * 32)},
        {"predecessor": Head(0, 1, b"x" * 32)},
        {"predecessor": Head(1, 1, b"short")},
        {"pruned": Head(2, 0, b"x" * 32)},
        {"pruned": Head(2, 1, b"x" * 33)},
        {"pruned": Head(2, -1, b"x" * 32)},
    ],
)
def test_changed_beginning_of_a_chain_is_named(change):
    record = record_of([1, 2, 2, 3])
    record.chains[1] = replace(record.chains[1], **change)
    assert (Fault.CHAIN_CHANGED, 2, 0) in places(check(record))


def test_numbers_that_do_not_count_up_along_a_chain_are_named():
    record = record_of([1, 1, 1])
    one, other = record.entries[1:]
    record.entries[1:] = [one._replace(sequence=other.sequence), other._replace(sequence=one.sequence)]
    assert places(check(record)) == [(Fault.REORDERED, 1, 3)]


def test_entry_left_below_the_pruned_point_is_named():
    record = record_of([1, 1, 1])
    record.chains[0] = replace(record.chains[0], pruned=Head(1, 2, record.entries[1].hash))
    assert places(check(record)) == [(Fault.INSERTED, 1, 1)]
    record.entries = record.entries[2:]
    assert check(record) == []


def test_claims_from_before_the_pruned_point_are_not_asked_for():
    record = record_of([1, 1, 1])
    first, second = record.entries[0].hash, record.entries[1].hash
    record.chains[0] = replace(record.chains[0], pruned=Head(1, 2, second))
    record.entries = record.entries[2:]
    assert check(record, lambda _chain: [Claim(1, first, "x"), Claim(2, second, "x")]) == []
    assert places(check(record, lambda _chain: [Claim(2, first, "x")])) == [(Fault.CHANGED, 1, 2)]
