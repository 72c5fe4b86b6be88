"""What checkpoints say of the chains, held against them as they pass by."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from keyfob_verifier.audit.chain import Chain, encoded_point
from keyfob_verifier.audit.checkpoint import SignedCheckpoint, pruned_digest
from keyfob_verifier.audit.findings import Claim, Fault, Finding


class Witnesses:
    """Checkpoints whose signatures were judged already.

    Args:
        kept: the newest one in the database, which says how far retention went; None where there is none.
        others: further ones, which were kept elsewhere.
    """

    def __init__(self, kept: SignedCheckpoint | None, others: Sequence[SignedCheckpoint] = ()) -> None:
        self._kept = kept
        self._all = [checkpoint for checkpoint in (kept, *others) if checkpoint is not None]
        self._claims: dict[int, list[Claim]] = {}
        for signed in self._all:
            for head in signed.checkpoint.state.heads:
                claim = Claim(head.sequence, head.hash, _name(signed))
                self._claims.setdefault(head.chain_id, []).append(claim)
        self._openings: dict[int, bytes] = {}
        self._pruned = hashlib.sha256()

    def claims_on(self, chain: Chain) -> Sequence[Claim]:
        """What they say of one chain."""
        return self._claims.get(chain.id, ())

    def watch(self, chains: Iterable[Chain]) -> Iterator[Chain]:
        """The chains, looked at on their way."""
        for chain in chains:
            if chain.id in self._claims:
                self._openings[chain.id] = chain.opening
            if chain.pruned.sequence:
                with suppress(ValueError, TypeError, struct.error):  # what cannot be encoded was never signed
                    self._pruned.update(encoded_point(chain.pruned))
            yield chain

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the chains as a whole, once all have passed by."""
        for signed in self._all:
            state = signed.checkpoint.state
            for head in state.heads:
                if head.chain_id not in self._openings:
                    what = f"the chain is not there, and {_name(signed)} names it"
                    yield Finding(Fault.CHAIN_MISSING, what, head.chain_id)
            newest = state.heads[-1].chain_id
            if self._openings.get(newest, state.opening) != state.opening:
                what = f"this chain, or one before it, does not begin as {_name(signed)} says"
                yield Finding(Fault.CHAIN_CHANGED, what, newest, 0)
        attested = pruned_digest(()) if self._kept is None else self._kept.checkpoint.state.pruned
        if self._pruned.digest() != attested:
            what = "entries were removed as if by retention, and no checkpoint says so"
            yield Finding(Fault.PRUNED_UNSIGNED, what)


def _name(signed: SignedCheckpoint) -> str:
    return f"checkpoint {signed.checkpoint.number}"
