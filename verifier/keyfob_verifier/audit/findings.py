"""What a verification of the record finds."""

import enum
from dataclasses import dataclass


class Fault(enum.StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """An entry is not what its hash was taken over, or does not follow the entry before it."""
    MISSING = "missing"
    """Entries were removed."""
    INSERTED = "inserted"
    """An entry stands where none was written."""
    REORDERED = "reordered"
    """Entries were given other places in the record."""
    CHAIN_MISSING = "chain-missing"
    CHAIN_CHANGED = "chain-changed"
    """What a chain begins with is not what it began with."""
    PRUNED_UNSIGNED = "pruned-unsigned"
    """Entries were removed in the way of retention, and no checkpoint says so."""
    CHECKPOINT_MISSING = "checkpoint-missing"
    CHECKPOINT_CHANGED = "checkpoint-changed"
    CHECKPOINT_UNSIGNED = "checkpoint-unsigned"
    """No trusted key signed it."""
    KEY_CHANGED = "key-changed"
    """A signing key in the database is not the one that is wrapped there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    Attributes:
        fault: its kind.
        what: in one sentence.
        chain_id: the chain, where it is in one.
        sequence: the place in the chain, where it is at one.
        at: Unix time of the entry there, or of the last one before it that is sound.
    """

    fault: Fault
    what: str
    chain_id: int | None = None
    sequence: int | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of a chain: up to this place it was so.

    Attributes:
        sequence: the place.
        hash: the hash there.
        by: who says it, such as "checkpoint 7".
    """

    sequence: int
    hash: bytes
    by: str
