"""Verifying chains, entry by entry, in memory that does not grow with them."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from keyfob_verifier.audit.chain import (
    HASH_BYTES,
    Chain,
    ChainedEntry,
    Head,
    encoded_point,
    entry_hash,
    opening_hash,
)
from keyfob_verifier.audit.findings import Claim, Fault, Finding

_UNHASHABLE = (struct.error, AttributeError, TypeError, ValueError, OverflowError)

ClaimsOn = Callable[[Chain], Sequence[Claim]]
"""What is said of a chain, its successor apart."""


def check_chains(
    chains: Iterable[Chain], entries: Iterable[ChainedEntry], claims_on: ClaimsOn
) -> Iterator[Finding]:
    """The faults of a whole record, the first of each chain.

    Args:
        chains: in the order of their ids.
        entries: in the order of chain and place there.
        claims_on: what checkpoints say of a chain.
    """
    groups = _Groups(entries)
    known: Chain | None = None
    opening = bytes(HASH_BYTES)
    for chain in chains:
        if known is not None:
            yield from _check_one(known, groups, [*claims_on(known), *_named_by(chain, known)])
        yield from _check_opening(chain, known, opening)
        known, opening = chain, chain.opening
    if known is not None:
        yield from _check_one(known, groups, claims_on(known))
    yield from groups.strangers(None)


def check_entries(chain: Chain, entries: Iterable[ChainedEntry], claims: Sequence[Claim]) -> Finding | None:
    """The first fault of one chain's entries, which are handed in their order."""
    sequence, digest = chain.pruned.sequence, chain.pruned.hash
    place, at = 0, None
    due = {claim.sequence: [c for c in claims if c.sequence == claim.sequence] for claim in claims}
    refuted = _refuted(chain.id, due.get(sequence, ()), digest, at)
    if refuted is not None:
        return refuted
    for entry in entries:
        if entry.chain_sequence != sequence + 1 or entry.sequence <= place:
            return _misplaced(entry, sequence + 1, at)
        if _hash_of(entry, digest) != entry.hash:
            what = "the entry is not what its hash was taken over, or does not follow the entry before it"
            return Finding(Fault.CHANGED, what, chain.id, entry.chain_sequence, entry.at)
        sequence, digest, place, at = entry.chain_sequence, entry.hash, entry.sequence, entry.at
        if sequence in due and (refuted := _refuted(chain.id, due[sequence], digest, at)):
            return refuted
    beyond = [claim for claim in claims if claim.sequence > sequence]
    if beyond:
        named = max(beyond, key=attrgetter("sequence"))
        what = f"the chain's end is missing: {named.by} names entries up to {named.sequence}"
        return Finding(Fault.MISSING, what, chain.id, sequence + 1, at)
    return None


class _Groups:
    """Entries by chain, in step with the chains that are checked."""

    def __init__(self, entries: Iterable[ChainedEntry]) -> None:
        self._groups = groupby(entries, key=attrgetter("chain_id"))
        self._next = next(self._groups, None)

    def strangers(self, before: int | None) -> Iterator[Finding]:
        """A fault for each chain with entries that is none of those that there are; below `before`, or all."""
        while self._next is not None and (before is None or self._next[0] < before):
            chain_id, entries = self._next
            first = next(iter(entries))
            what = "there are entries of a chain that is not there"
            yield Finding(Fault.CHAIN_MISSING, what, chain_id, first.chain_sequence, first.at)
            self._next = next(self._groups, None)

    def check(self, chain: Chain, claims: Sequence[Claim]) -> Finding | None:
        """The first fault of a chain's entries."""
        if self._next is None or self._next[0] != chain.id:
            return check_entries(chain, (), claims)
        found = check_entries(chain, self._next[1], claims)
        self._next = next(self._groups, None)
        return found


def _check_one(chain: Chain, groups: _Groups, claims: Sequence[Claim]) -> Iterator[Finding]:
    yield from groups.strangers(chain.id)
    found = groups.check(chain, [claim for claim in claims if claim.sequence >= chain.pruned.sequence])
    if found is not None:
        yield found


def _check_opening(chain: Chain, before: Chain | None, opening: bytes) -> Iterator[Finding]:
    expected = 1 if before is None else before.id + 1
    if chain.id > expected:
        what = f"chains {expected} to {chain.id - 1} are not there"
        yield Finding(Fault.CHAIN_MISSING, what, expected, None, chain.opened_at)
        return
    named = chain.predecessor.chain_id == expected - 1
    begun = chain.pruned.sequence > 0 or chain.pruned == Head(chain.id, 0, chain.opening)
    if chain.id < expected or not named or not begun or _opening_of(chain, opening) != chain.opening:
        what = "what the chain begins with is not what it began with"
        yield Finding(Fault.CHAIN_CHANGED, what, chain.id, 0, chain.opened_at)


def _named_by(successor: Chain, chain: Chain) -> Iterator[Claim]:
    if successor.predecessor.chain_id == chain.id:
        head = successor.predecessor
        yield Claim(head.sequence, head.hash, f"chain {successor.id}, opened after it,")


def _refuted(chain_id: int, claims: Iterable[Claim], digest: bytes, at: float | None) -> Finding | None:
    for claim in claims:
        if claim.hash != digest:
            what = f"this entry, or one before it, is not the one that {claim.by} names"
            return Finding(Fault.CHANGED, what, chain_id, claim.sequence, at)
    return None


def _misplaced(entry: ChainedEntry, expected: int, before: float | None) -> Finding:
    place = (entry.chain_id, expected)
    if entry.chain_sequence > expected:
        what = f"entries are missing: the next one there is {entry.chain_sequence}"
        return Finding(Fault.MISSING, what, *place, before)
    if entry.chain_sequence < expected:
        what = f"an entry stands at place {entry.chain_sequence}, where none should be left"
        return Finding(Fault.INSERTED, what, entry.chain_id, entry.chain_sequence, entry.at)
    what = "the entry's number in the record is not after that of the entry before it"
    return Finding(Fault.REORDERED, what, *place, entry.at)


def _hash_of(entry: ChainedEntry, previous: bytes) -> bytes | None:
    try:
        return entry_hash(previous, entry.chain_id, entry.chain_sequence, entry[3:10])
    except _UNHASHABLE:
        return None


def _opening_of(chain: Chain, before: bytes) -> bytes | None:
    try:
        encoded_point(chain.pruned)
        return opening_hash(chain.id, chain.opened_at, chain.predecessor, before)
    except _UNHASHABLE:
        return None
