"""What the chain costs: verifications with it and without it in turns, one entry hashed, a whole record verified."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from figures import Figure, show
from interleaved import compare, medians_s
from rich.console import Console
from sqlalchemy import create_engine, text

from keyfob import Parameters, Seed, VirtualClock
from keyfob.uri import parse_uri
from keyfob_verifier.audit.chain import Content, entry_hash
from keyfob_verifier.records import AuditEntry, Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.proof import verify_record
from keyfob_verifier.service.verification import Attempt, verify
from keyfob_verifier.store import database
from keyfob_verifier.store.audit import Audit
from keyfob_verifier.store.bulk import BulkInsert
from keyfob_verifier.store.schema import audit

START = 1_800_000_000.0
BATCH = 32
ENTRIES = 1_000_000
CONTENT: Content = ("default", START, "0123456789ab", "validate", "KF0123456789", "accepted", 60_000_000)

_PLAIN = ("tenant_id", "at", "actor", "action", "serial", "outcome", "step")


def figures() -> list[Figure]:
    """Verifying codes, hashing, and verifying the record."""
    with tempfile.TemporaryDirectory(prefix="keyfob-audit-") as directory:
        return [*verifying(Path(directory)), *hashing(), whole_record(Path(directory) / "whole")]


def verifying(directory: Path) -> list[Figure]:
    """Batches of right codes on SQLite, each batch in a time step of its own, durable."""
    ways = {}
    for name, transaction in (("unchained", Unchained), ("chained", database.Transaction)):
        url, context = installation(directory / name)
        attempts = attempts_of(context)
        if transaction is Unchained:
            take_chains_away(url)
        ways[name] = using(transaction, context, attempts)
    return compare(f"Verifying {BATCH} codes in one transaction", ways, "unchained")


def hashing() -> list[Figure]:
    previous = bytes(32)
    measured = medians_s({"one entry": lambda: entry_hash(previous, 3, 1_000, CONTENT)})
    return [Figure("Hashing", way, seconds * 1e6, "µs") for way, seconds in measured.items()]


def whole_record(directory: Path) -> Figure:
    _, context = installation(directory)
    batch = [
        AuditEntry(START, "0123456789ab", "validate", "KF0123456789", "accepted", n) for n in range(1000)
    ]
    for _ in range(ENTRIES // len(batch)):
        with context.store.write() as transaction:
            transaction.audit.append(DEFAULT_TENANT, batch)
    begun = perf_counter()
    found = verify_record(context.store, context.keyring.keks)
    seconds = perf_counter() - begun
    context.store.close()
    if found.findings or found.entries < ENTRIES:
        raise AssertionError(found)
    return Figure("Verifying a record", f"{ENTRIES:,} entries on SQLite", seconds, "s")


class UnchainedAudit(Audit):
    """The record as it was before there were chains."""

    _insert = BulkInsert(audit, _PLAIN)

    def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        self._insert(
            self._connection,
            [(tenant_id, e.at, e.actor, e.action, e.serial, e.outcome, e.step) for e in entries],
        )


class Unchained(database.Transaction):
    """A transaction that writes such a record."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.audit = UnchainedAudit(self.connection, database.OpenChains())


def installation(directory: Path) -> tuple[str, Context]:
    directory.mkdir()
    url, kek = f"sqlite:///{directory}/data/verifier.db", directory / "keys" / "kek.key"
    initialise(url, kek, Purpose.TEST, VirtualClock(START))
    return url, open_installation(url, kek, Purpose.TEST, VirtualClock(START))


def take_chains_away(url: str) -> None:
    """Gives the table its columns and indexes from before there were chains."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_audit_chain_id_chain_sequence"))
        for column in ("chain_id", "chain_sequence", "hash"):
            connection.execute(text(f"ALTER TABLE audit DROP COLUMN {column}"))
    engine.dispose()


def attempts_of(context: Context) -> Iterator[list[Attempt]]:
    """Endless batches: a right code of each of as many tokens, a minute after the ones before."""
    seeds: dict[str, Seed] = {}
    for number in range(BATCH):
        enrolled = enrol(context, DEFAULT_TENANT, "bench", Application(f"user{number}"))
        serial = enrolled.token.serial
        seeds[serial] = parse_uri(enrolled.uri).seed
        lifecycle.activate(context, DEFAULT_TENANT, "bench", serial, code_of(seeds[serial], START))
    return batches(seeds)


def batches(seeds: dict[str, Seed]) -> Iterator[list[Attempt]]:
    at = START
    while True:
        at += 60.0
        yield [
            Attempt(DEFAULT_TENANT, "bench", serial, code_of(seed, at), at) for serial, seed in seeds.items()
        ]


def code_of(seed: Seed, at: float) -> str:
    return seed.code(int(at) // 30, Parameters())


def using(
    transaction: type[database.Transaction], context: Context, attempts: Iterator[list[Attempt]]
) -> Callable[[], None]:
    """One batch, verified in that kind of transaction."""

    def verify_one() -> None:
        with transactions_of(transaction):
            outcomes = verify(context, next(attempts))
        if any(outcome.reason is not Reason.ACCEPTED for outcome in outcomes):
            raise AssertionError(outcomes)

    return verify_one


@contextmanager
def transactions_of(kind: type[database.Transaction]) -> Iterator[None]:
    before, database.Transaction = database.Transaction, kind  # type: ignore[misc]
    try:
        yield
    finally:
        database.Transaction = before  # type: ignore[misc]


if __name__ == "__main__":
    show(figures(), Console())
