"""Checkpoints: where all chains stood at one moment, signed, as canonical JSON (RFC 8785).

A checkpoint lists the heads that are not listed already: the head of each chain which went on after its successor was
opened, and of the newest chain. The others stand in their successors' openings, and the newest chain's opening stands
for all of them, so that thousands of short chains take no room.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from keyfob_verifier.audit.chain import Head, encoded_point
from keyfob_verifier.audit.errors import InvalidCheckpointError
from keyfob_verifier.audit.signing import Signer, fingerprint, is_signed

FORMAT = "keyfob-audit-checkpoint-1"
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
NO_CHECKPOINT = bytes(32)
"""What the first checkpoint names as the one before it."""

_MAX_INTEGER = 2**53 - 1
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_FIELDS = frozenset(
    {"format", "installation", "number", "at_s", "previous", "opening", "heads", "pruned", "key"}
)


@dataclass(frozen=True, slots=True)
class State:
    """How all chains stand.

    Attributes:
        opening: the newest chain's.
        heads: by chain; those that no successor names, the newest chain's last.
        pruned: `pruned_digest` of the places up to which chains were pruned.
    """

    opening: bytes
    heads: tuple[Head, ...]
    pruned: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed.

    Attributes:
        installation: the installation's random id.
        number: 1 for its first checkpoint.
        at_s: Unix time, whole seconds.
        previous: the digest of the checkpoint before it.
        state: how all chains stood.
        key: fingerprint of the public key.
    """

    installation: bytes
    number: int
    at_s: int
    previous: bytes
    state: State
    key: str

    def payload(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "format": FORMAT,
            "installation": self.installation.hex(),
            "number": self.number,
            "at_s": self.at_s,
            "previous": self.previous.hex(),
            "opening": self.state.opening.hex(),
            "heads": [
                {"chain": head.chain_id, "sequence": head.sequence, "hash": head.hash.hex()}
                for head in self.state.heads
            ],
            "pruned": self.state.pruned.hex(),
            "key": self.key,
        }

    def message(self) -> bytes:
        """The bytes that are signed."""
        return _canonical(self.payload())

    def digest(self) -> bytes:
        """What the next checkpoint names it by."""
        return hashlib.sha256(self.message()).digest()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signature, as it is kept and handed out."""

    checkpoint: Checkpoint
    signature: bytes

    def is_by(self, public_key: bytes) -> bool:
        """Whether the holder of that key signed it."""
        return fingerprint(public_key) == self.checkpoint.key and is_signed(
            self.checkpoint.message(), self.signature, public_key
        )

    def payload(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return self.checkpoint.payload() | {"signature": self.signature.hex()}

    def document(self) -> bytes:
        """The file, one line."""
        return _canonical(self.payload()) + b"\n"


def make_checkpoint(
    installation: bytes, newest: SignedCheckpoint | None, state: State, at: float, signer: Signer
) -> SignedCheckpoint:
    """The checkpoint that follows the newest one, signed."""
    number = 1 if newest is None else newest.checkpoint.number + 1
    previous = NO_CHECKPOINT if newest is None else newest.checkpoint.digest()
    checkpoint = Checkpoint(
        installation, number, max(int(at), 0), previous, state, fingerprint(signer.public_key)
    )
    return SignedCheckpoint(checkpoint, signer.sign(checkpoint.message()))


def pruned_digest(points: Iterable[Head]) -> bytes:
    """SHA-256 over the places up to which chains were pruned, by chain; chains that are whole are left out."""
    digest = hashlib.sha256()
    for point in points:
        if point.sequence:
            digest.update(encoded_point(point))
    return digest.digest()


def parse_checkpoint(document: bytes) -> SignedCheckpoint:
    """Reads a checkpoint; its signature is not judged.

    Raises:
        InvalidCheckpointError: it is none.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise InvalidCheckpointError("it is too large")
    try:
        found = json.loads(
            document, object_pairs_hook=_no_field_twice, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise InvalidCheckpointError("it is not JSON of that kind") from None
    fields = _object(found, _FIELDS | {"signature"})
    if fields["format"] != FORMAT:
        raise InvalidCheckpointError("it has another format")
    state = State(_hash(fields["opening"]), _heads(fields["heads"]), _hash(fields["pruned"]))
    checkpoint = Checkpoint(
        installation=_hash(fields["installation"]),
        number=_integer(fields["number"]),
        at_s=_integer(fields["at_s"]),
        previous=_hash(fields["previous"]),
        state=state,
        key=_hash(fields["key"]).hex(),
    )
    return SignedCheckpoint(checkpoint, _hexadecimal(fields["signature"], _SIGNATURE))


def _canonical(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidCheckpointError("a field stands in it twice")
    return fields


def _refuse(_text: str) -> NoReturn:
    raise InvalidCheckpointError("a number in it is no integer")


def _object(found: object, names: frozenset[str]) -> dict[str, Any]:
    if not isinstance(found, dict) or found.keys() != names:
        raise InvalidCheckpointError("its fields are not those of a checkpoint")
    return found


def _heads(found: object) -> tuple[Head, ...]:
    if not isinstance(found, list) or not found:
        raise InvalidCheckpointError("it lists no heads")
    listed = [_object(head, frozenset({"chain", "sequence", "hash"})) for head in found]
    heads = tuple(
        Head(_integer(head["chain"]), _integer(head["sequence"]), _hash(head["hash"])) for head in listed
    )
    if any(later.chain_id <= earlier.chain_id for earlier, later in pairwise(heads)):
        raise InvalidCheckpointError("its heads are not in the order of their chains")
    return heads


def _integer(found: object) -> int:
    if type(found) is not int or not 0 <= found <= _MAX_INTEGER:
        raise InvalidCheckpointError("a number in it is no integer of 0 to 2**53 - 1")
    return found


def _hash(found: object) -> bytes:
    return _hexadecimal(found, _HASH)


def _hexadecimal(found: object, form: re.Pattern[str]) -> bytes:
    if not isinstance(found, str) or not form.fullmatch(found):
        raise InvalidCheckpointError(
            "a hash or the signature in it is not as long as it should be, or no hash"
        )
    return bytes.fromhex(found)
