"""The record, read: a page at a time, or whole as lines that somebody else can verify."""

import json
from collections.abc import Iterator
from typing import Any

from keyfob_verifier.audit.chain import Chain, ChainedEntry, Head
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.audit import Wanted
from keyfob_verifier.store.database import Store

MAX_PAGE = 1000

__all__ = ["MAX_PAGE", "Wanted", "export", "page"]


def page(context: Context, wanted: Wanted, limit: int) -> list[AuditEntry]:
    """Up to `limit` entries: the newest, newest first; where `wanted.after` is given the oldest, oldest first.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        return transaction.audit.page(wanted, limit)


def export(store: Store, wanted: Wanted) -> Iterator[str]:
    """The record as it is at one moment, as lines of JSON: every chain's beginning, then the wanted entries.

    Each entry comes with the hash of the one before it in its chain, so that it can be verified by itself; lines
    of entries stand in the order of their numbers.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with store.snapshot() as transaction:
        begun: dict[int, bytes] = {}
        for chain in transaction.chains.all():
            begun[chain.id] = chain.pruned.hash
            yield _line(_chain(chain))
        for entry, before in transaction.audit.following(wanted):
            previous = begun.get(entry.chain_id) if before is None else before
            yield _line(_entry(entry, previous))


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _chain(chain: Chain) -> dict[str, Any]:
    return {
        "type": "chain",
        "chain": chain.id,
        "opened_at": chain.opened_at,
        "predecessor": _head(chain.predecessor),
        "opening": chain.opening.hex(),
        "pruned": _head(chain.pruned),
    }


def _head(head: Head) -> dict[str, Any]:
    return {"chain": head.chain_id, "sequence": head.sequence, "hash": head.hash.hex()}


def _entry(entry: ChainedEntry, previous: bytes | None) -> dict[str, Any]:
    return {
        "type": "entry",
        "chain": entry.chain_id,
        "chain_sequence": entry.chain_sequence,
        "sequence": entry.sequence,
        "tenant": entry.tenant_id,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "serial": entry.serial,
        "outcome": entry.outcome,
        "step": entry.step,
        "previous": None if previous is None else previous.hex(),
        "hash": entry.hash.hex(),
    }
