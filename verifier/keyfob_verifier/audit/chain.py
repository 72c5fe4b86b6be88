"""The chains of the record: what the hash of each entry is taken over, and what a chain begins with.

Format 1, which is never changed; another would have another number. All integers are big-endian, texts are UTF-8,
hashes are SHA-256. No two entries encode alike: each text's length in bytes stands before all texts.
"""

import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
FORMAT = 1

_ENTRY = struct.Struct(">Bc32sqqdBqBHHHHH")
_OPENING = struct.Struct(">Bcqdqq32s32s")
_POINT = struct.Struct(">qq32s")


class Head(NamedTuple):
    """A place in a chain: everything up to the entry `sequence` is proved by `hash`.

    Attributes:
        chain_id: 1 for the installation's first chain, 2 for the next one.
        sequence: 1 for a chain's first entry; 0 is the place before it.
        hash: of that entry, or of the chain's opening.
    """

    chain_id: int
    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """One writer's chain.

    Attributes:
        id: the predecessor's and one more.
        opened_at: Unix time of its first entry.
        predecessor: the head that the chain opened before it had then. The first chain has none, and names
            the installation's random id there, in chain 0 at sequence 0.
        opening: what its first entry follows; as `opening_hash` gives it.
        pruned: the last entry that retention removed; the opening where it removed none.
    """

    id: int
    opened_at: float
    predecessor: Head
    opening: bytes
    pruned: Head


class ChainedEntry(NamedTuple):
    """An entry of the record with its place in its chain.

    Attributes:
        chain_id: its chain.
        chain_sequence: its place there.
        sequence: its place in the whole record, which counts up along each chain.
        hash: as `entry_hash` gives it.
    """

    chain_id: int
    chain_sequence: int
    sequence: int
    tenant_id: str
    at: float
    actor: str
    action: str
    serial: str | None
    outcome: str
    step: int | None
    hash: bytes


Content = tuple[str, float, str, str, str | None, str, int | None]
"""What an entry says: tenant, Unix time, actor, action, serial, outcome and time step."""


def entry_hash(previous: bytes, chain_id: int, chain_sequence: int, content: Content) -> bytes:
    """The hash of an entry that follows the hash `previous` in its chain.

    Raises:
        struct.error: a number is no 64-bit integer, or a text has more than 65,535 bytes.
    """
    tenant_id, at, actor, action, serial, outcome, step = content
    tenant, who, what, came = tenant_id.encode(), actor.encode(), action.encode(), outcome.encode()
    which = b"" if serial is None else serial.encode()
    fixed = _ENTRY.pack(
        FORMAT,
        b"E",
        previous,
        chain_id,
        chain_sequence,
        at,
        step is not None,
        step or 0,
        serial is not None,
        len(tenant),
        len(who),
        len(what),
        len(which),
        len(came),
    )
    return sha256(fixed + tenant + who + what + which + came).digest()


def opening_hash(chain_id: int, opened_at: float, predecessor: Head, predecessor_opening: bytes) -> bytes:
    """The hash that a chain begins with: through the openings before it, it stands for them all.

    Args:
        chain_id: the new chain.
        opened_at: Unix time.
        predecessor: the head of the chain before it.
        predecessor_opening: that chain's opening; 32 zero bytes for the first chain.

    Raises:
        ValueError: the predecessor's hash is not 32 bytes.
        struct.error: a number is no 64-bit integer.
    """
    where = (predecessor.chain_id, predecessor.sequence, _whole(predecessor.hash))
    return sha256(_OPENING.pack(FORMAT, b"O", chain_id, opened_at, *where, predecessor_opening)).digest()


def first_chain(installation: bytes, opened_at: float) -> Chain:
    """An installation's first chain.

    Args:
        installation: 32 random bytes, the installation's id.
        opened_at: Unix time.
    """
    return _open(1, opened_at, Head(0, 0, installation), bytes(HASH_BYTES))


def next_chain(newest: Chain, head: Head, opened_at: float) -> Chain:
    """The chain that follows the newest one, whose head is `head` at this moment."""
    return _open(newest.id + 1, opened_at, head, newest.opening)


def encoded_point(head: Head) -> bytes:
    """A place in a chain as 48 bytes. Raises as `opening_hash` does."""
    return _POINT.pack(head.chain_id, head.sequence, _whole(head.hash))


def _whole(digest: bytes) -> bytes:
    if len(digest) != HASH_BYTES:  # the encoding would cut or fill it
        raise ValueError("a hash has 32 bytes")
    return digest


def _open(chain_id: int, opened_at: float, predecessor: Head, predecessor_opening: bytes) -> Chain:
    opening = opening_hash(chain_id, opened_at, predecessor, predecessor_opening)
    return Chain(chain_id, opened_at, predecessor, opening, Head(chain_id, 0, opening))
