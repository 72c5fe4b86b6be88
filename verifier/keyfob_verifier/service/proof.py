"""Verifying the record: every chain, every checkpoint, and what was kept elsewhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as concatenated
from itertools import islice

from keyfob_verifier.audit.chain import ChainedEntry
from keyfob_verifier.audit.checkpoint import NO_CHECKPOINT, SignedCheckpoint, parse_checkpoint
from keyfob_verifier.audit.errors import AuditTamperedError, DamagedRecordError, InvalidCheckpointError
from keyfob_verifier.audit.findings import Fault, Finding
from keyfob_verifier.audit.verification import check_chains
from keyfob_verifier.audit.witnesses import Witnesses
from keyfob_verifier.keys.kek import Keks
from keyfob_verifier.service.signing import trusted_keys
from keyfob_verifier.store.database import Store, Transaction

MAX_FINDINGS = 100

Advance = Callable[[int], object]
"""Is told how many more entries were looked at."""

_STRIDE = 10_000


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it.

    Attributes:
        entries: how many were looked at.
        checkpoint: the newest in the database whose signature holds; None where there is none.
        against: the one that was kept elsewhere, where it was asked for.
        findings: what is wrong, the first of each chain, up to a hundred; none where the record holds.
    """

    entries: int
    checkpoint: SignedCheckpoint | None
    against: SignedCheckpoint | None
    findings: tuple[Finding, ...]


def count_entries(store: Store) -> int:
    """How much there is to verify.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with store.read() as transaction:
        return transaction.audit.count()


def verify_record(
    store: Store,
    trust: Keks | Sequence[bytes],
    against: SignedCheckpoint | None = None,
    advance: Advance = lambda _more: None,
) -> Verification:
    """Verifies the whole record as it is at one moment, in memory that does not grow with it.

    Args:
        store: the database.
        trust: public keys, the only ones whose signatures count; or the KEKs, and then those keys in the database
            count that are wrapped there.
        against: a checkpoint that was kept elsewhere.
        advance: is told of progress.

    Raises:
        KekMissingError: a signing key is wrapped under a KEK that is not here; `WrongKekError` and
            `HsmUnavailableError` likewise.
        StorageUnavailableError: the database does not answer.
    """
    with store.snapshot() as transaction:
        trusted = list(trusted_keys(transaction, trust)) if isinstance(trust, Keks) else list(trust)
        keys = [key for key in trusted if isinstance(key, bytes)]
        found = [key for key in trusted if isinstance(key, Finding)]
        judge = _Judge(transaction, keys)
        found += islice(judge.kept(), MAX_FINDINGS)
        others = []
        if against is not None:
            blamed = judge.outside(against)
            found += blamed
            others += [against] if all(f.fault is Fault.CHECKPOINT_MISSING for f in blamed) else []
        witnesses = Witnesses(judge.newest, others)
        counted = _Counted(transaction.audit.chained(), advance)
        chains = witnesses.watch(transaction.chains.all())
        faults = concatenated(check_chains(chains, counted, witnesses.claims_on), witnesses.findings())
        findings = (*islice(faults, MAX_FINDINGS), *found)
    return Verification(counted.entries, judge.newest, against, findings)


def require_sound(verification: Verification) -> None:
    """Lets a record pass that holds.

    Raises:
        AuditTamperedError: it does not.
    """
    if verification.findings:
        raise AuditTamperedError(sentence(verification.findings[0]))


def sentence(finding: Finding) -> str:
    """A finding in words: where, and what."""
    where = [] if finding.chain_id is None else [f"chain {finding.chain_id}"]
    where += [] if finding.sequence is None else [f"entry {finding.sequence}"]
    return ": ".join([", ".join(where), finding.what] if where else [finding.what])


class _Judge:
    """Checkpoints, judged by their signatures and by their place in the row of them.

    Attributes:
        newest: the newest of those in the database that a trusted key signed.
    """

    def __init__(self, transaction: Transaction, keys: Sequence[bytes]) -> None:
        self._transaction = transaction
        self._keys = keys
        self.newest: SignedCheckpoint | None = None
        try:
            self._installation: bytes | None = transaction.chains.installation()
        except DamagedRecordError:
            self._installation = None  # check_chains tells of it

    def kept(self) -> Iterator[Finding]:
        """The faults of the checkpoints in the database."""
        number, previous = 0, NO_CHECKPOINT
        for kept_number, made_at, document in self._transaction.checkpoints.all():
            if kept_number != number + 1:
                what = f"checkpoints {number + 1} to {kept_number - 1} are not there"
                yield Finding(Fault.CHECKPOINT_MISSING, what)
            number = kept_number
            signed = _parsed(document)
            if signed is None or not self._is_at_its_place(signed, kept_number, made_at, previous):
                yield Finding(Fault.CHECKPOINT_CHANGED, f"checkpoint {kept_number} is not as it was made")
            elif not self._is_signed(signed):
                yield Finding(Fault.CHECKPOINT_UNSIGNED, f"no trusted key signed checkpoint {kept_number}")
            else:
                self.newest = signed
            previous = NO_CHECKPOINT if signed is None else signed.checkpoint.digest()

    def outside(self, signed: SignedCheckpoint) -> list[Finding]:
        """The faults of a checkpoint that was kept elsewhere, and of the database by it."""
        number = signed.checkpoint.number
        if not self._is_signed(signed):
            what = f"no trusted key signed the checkpoint that was given, which calls itself number {number}"
            return [Finding(Fault.CHECKPOINT_UNSIGNED, what)]
        if signed.checkpoint.installation != self._installation:
            what = "the checkpoint that was given is another installation's, or the first chain is not the first one"
            return [Finding(Fault.CHAIN_CHANGED, what)]
        if self.newest is None or self.newest.checkpoint.number < number:
            what = f"checkpoint {number}, which was given, is not in the database: something was taken back"
            return [Finding(Fault.CHECKPOINT_MISSING, what)]
        return []

    def _is_at_its_place(
        self, signed: SignedCheckpoint, number: int, made_at: float, previous: bytes
    ) -> bool:
        found = signed.checkpoint
        same = (number, made_at) == (found.number, found.at_s)
        return same and (found.previous, found.installation) == (previous, self._installation)

    def _is_signed(self, signed: SignedCheckpoint) -> bool:
        return any(signed.is_by(key) for key in self._keys)


class _Counted:
    """Entries on their way, counted."""

    def __init__(self, entries: Iterable[ChainedEntry], advance: Advance) -> None:
        self._entries = iter(entries)
        self._advance = advance
        self.entries = 0

    def __iter__(self) -> Iterator[ChainedEntry]:
        while batch := list(islice(self._entries, _STRIDE)):
            self._advance(len(batch))
            self.entries += len(batch)
            yield from batch


def _parsed(document: str) -> SignedCheckpoint | None:
    try:
        signed = parse_checkpoint(document.encode())
    except (InvalidCheckpointError, AttributeError):
        return None
    return signed if signed.document().decode() == document else None
