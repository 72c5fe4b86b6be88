"""Tampering with the record in a real database: it is found, with and without a checkpoint kept elsewhere."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from audit_samples import START, entries_of
from databases import connected
from keyfob_verifier.audit.errors import AuditTamperedError
from keyfob_verifier.audit.findings import Fault
from keyfob_verifier.audit.signing import Signer
from keyfob_verifier.service.checkpoints import checkpoint, public_key
from keyfob_verifier.service.proof import require_sound, sentence, verify_record
from keyfob_verifier.store.database import open_database
from keyfob_verifier.store.schema import audit, audit_chains, audit_checkpoints, signing_keys

SLOWLY = settings(
    max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TABLES = (audit, audit_chains, audit_checkpoints, signing_keys)
OTHER = {
    "chain_id": [1, 2, 3, 99, -1],
    "chain_sequence": [1, 2, 3, 99, 0],
    "tenant_id": ["other", ""],
    "at": [1.0, START + 1e9],
    "actor": ["mallory", ""],
    "action": ["revoke"],
    "serial": [None, "", "KF-9"],
    "outcome": ["wrong"],
    "step": [None, 0, 7],
    "hash": [b"", b"x" * 32],
    "id": [99, -1],
    "opened_at": [1.0],
    "predecessor_id": [0, 1, 99],
    "predecessor_sequence": [0, 1, 99],
    "predecessor_hash": [b"", b"x" * 32, b"x" * 33],
    "opening": [b"", b"x" * 32],
    "pruned_sequence": [1, 2, 99, -1],
    "pruned_hash": [b"", b"x" * 32],
    "number": [0, 99],
    "made_at": [1.0],
    "document": ["", "{}"],
    "public_key": [Signer(bytes(32)).public_key, b""],
    "nonce": [bytes(12)],
    "ciphertext": [bytes(48), b""],
}
UNPROVED = {("audit", "sequence"), ("signing_keys", "created_at"), ("signing_keys", "retired_at")}
UNPROVED |= {("signing_keys", "kek_id"), ("signing_keys", "id")}


@pytest.fixture
def recorded(context, database_url):
    """A record of several chains whose writers took turns, with three checkpoints over it."""
    stores = [open_database(database_url) for _ in range(3)]
    for number, store in enumerate([*stores, *stores, stores[0], stores[2]], start=1):
        with store.write() as transaction:
            transaction.audit.append("default", entries_of(2, first=10 * number))
        if number in {2, 5, 8}:
            context.clock.advance(seconds=60)
            checkpoint(context)
    for store in stores:
        store.close()
    return context


@pytest.fixture
def kept(recorded):
    """The newest checkpoint and the public key, as they were kept elsewhere."""
    return checkpoint(recorded), [public_key(recorded)]


class Copy:
    """The rows as they were, to be put back."""

    def __init__(self, url):
        self.url = url
        with connected(url) as connection:
            self.rows = {
                table: [
                    dict(row)
                    for row in connection.execute(
                        select(table).order_by(*table.primary_key.columns)
                    ).mappings()
                ]
                for table in TABLES
            }

    def put_back(self):
        with connected(self.url) as connection:
            for table, rows in self.rows.items():
                connection.execute(delete(table))
                if rows:
                    connection.execute(insert(table), rows)


def of_row(table, row):
    keys = table.primary_key.columns
    return [column == row[column.name] for column in keys]


def tampered(data, rows):
    """One way of tampering, as a function of a connection; which row it was, and how it is told."""
    table = data.draw(st.sampled_from(TABLES))
    row = data.draw(st.sampled_from(rows[table]))
    keys = {column.name for column in table.primary_key.columns}
    columns = [c.name for c in table.columns if (table.name, c.name) not in UNPROVED]
    taken = {name: {other[name] for other in rows[table]} for name in keys}
    if table is audit and data.draw(st.booleans()):
        return table, row, lambda connection: connection.execute(delete(table).where(*of_row(table, row)))
    name = data.draw(st.sampled_from(columns))
    free = [
        value
        for value in OTHER[name]
        if value != row[name]
        and value not in taken.get(name, ())
        and not _clashes(rows, table, row, name, value)
    ]
    value = data.draw(st.sampled_from(free or OTHER[name][-1:]))
    change = update(table).where(*of_row(table, row)).values({name: value})
    return table, row, lambda connection: connection.execute(change)


def _clashes(rows, table, row, name, value):
    """Whether the database itself would refuse it."""
    if table is not audit or name not in {"chain_id", "chain_sequence"}:
        return False
    place = {"chain_id": row["chain_id"], "chain_sequence": row["chain_sequence"]} | {name: value}
    return any(all(other[key] == place[key] for key in place) for other in rows[audit])


def test_untouched_record_is_sound(recorded, kept):
    against, trusted = kept
    found = verify_record(recorded.store, recorded.keyring.keks)
    assert (found.findings, found.entries, found.checkpoint) == ((), 16, against)
    found = verify_record(recorded.store, trusted, against)
    assert (found.findings, found.against) == ((), against)
    require_sound(found)


@settings(SLOWLY)
@given(data=st.data())
def test_whatever_is_changed_or_removed_is_found(recorded, kept, database_url, data):
    copy = Copy(database_url)
    table, row, tamper = tampered(data, copy.rows)
    try:
        with connected(database_url) as connection:
            assert tamper(connection).rowcount == 1
        found = verify_record(recorded.store, recorded.keyring.keks, kept[0])
        assert found.findings
        with pytest.raises(AuditTamperedError):
            require_sound(found)
        if table is audit:
            named = [(finding.chain_id, finding.sequence) for finding in found.findings]
            assert (row["chain_id"], row["chain_sequence"]) in named
    finally:
        copy.put_back()
    assert verify_record(recorded.store, recorded.keyring.keks, kept[0]).findings == ()


@settings(SLOWLY)
@given(data=st.data())
def test_of_two_rows_that_changed_places_the_first_is_named(recorded, database_url, data):
    copy = Copy(database_url)
    pair = st.lists(
        st.sampled_from(copy.rows[audit]), min_size=2, max_size=2, unique_by=lambda r: r["sequence"]
    )
    rows = sorted(data.draw(pair), key=lambda row: (row["chain_id"], row["chain_sequence"]))
    fixed = {"sequence", "chain_id", "chain_sequence"}
    hashes_too = data.draw(st.booleans())
    try:
        with connected(database_url) as connection:
            for mine, its in (rows, rows[::-1]):
                others = {k: v for k, v in its.items() if k not in fixed and (hashes_too or k != "hash")}
                connection.execute(update(audit).where(audit.c.sequence == mine["sequence"]).values(others))
        first = verify_record(recorded.store, recorded.keyring.keks).findings[0]
    finally:
        copy.put_back()
    assert (first.fault, first.chain_id, first.sequence) == (
        Fault.CHANGED,
        rows[0]["chain_id"],
        rows[0]["chain_sequence"],
    )
    assert sentence(first).startswith(f"chain {rows[0]['chain_id']}, entry {rows[0]['chain_sequence']}: ")


def truncate(connection, chain_id, keep):
    connection.execute(delete(audit).where(audit.c.chain_id == chain_id, audit.c.chain_sequence > keep))


@pytest.mark.parametrize("chain_id", [1, 2, 3, 4])
def test_end_of_a_chain_that_was_cut_off_is_missing_by_the_checkpoint_elsewhere(
    recorded, kept, database_url, chain_id
):
    """Somebody who rewrites the database removes what speaks of the entries there, too."""
    with connected(database_url) as connection:
        length = len(connection.execute(select(audit).where(audit.c.chain_id == chain_id)).all())
        truncate(connection, chain_id, length - 1)
        connection.execute(delete(audit_checkpoints))
    against, trusted = kept
    faults = {
        (finding.fault, finding.chain_id, finding.sequence)
        for finding in verify_record(recorded.store, trusted, against).findings
    }
    assert (Fault.CHECKPOINT_MISSING, None, None) in faults
    if length:
        assert (Fault.MISSING, chain_id, length) in faults


def test_newest_chain_that_was_removed_wholly_is_missed_by_the_checkpoint(recorded, kept, database_url):
    with connected(database_url) as connection:
        connection.execute(delete(audit).where(audit.c.chain_id == 4))
        connection.execute(delete(audit_chains).where(audit_chains.c.id == 4))
    against, trusted = kept
    first = verify_record(recorded.store, trusted, against).findings[0]
    assert (first.fault, first.chain_id) == (Fault.CHAIN_MISSING, 4)


def test_what_came_after_the_last_checkpoint_can_be_cut_off_unseen(recorded, kept, database_url):
    """The limit that the documentation tells of."""
    with recorded.store.write() as transaction:
        transaction.audit.append("default", entries_of(2, first=900))
    with connected(database_url) as connection:
        connection.execute(delete(audit).where(audit.c.at > START + 899))
    against, trusted = kept
    assert verify_record(recorded.store, trusted, against).findings == ()


def test_checkpoint_of_another_key_proves_nothing(recorded, kept):
    against, _ = kept
    stranger = [Signer(bytes(32)).public_key]
    found = verify_record(recorded.store, stranger, against).findings
    assert {finding.fault for finding in found} >= {Fault.CHECKPOINT_UNSIGNED}


def test_removed_checkpoint_in_the_middle_is_missed(recorded, database_url):
    with connected(database_url) as connection:
        connection.execute(delete(audit_checkpoints).where(audit_checkpoints.c.number == 2))
    faults = {finding.fault for finding in verify_record(recorded.store, recorded.keyring.keks).findings}
    assert Fault.CHECKPOINT_MISSING in faults


def test_whole_record_forged_with_a_key_of_ones_own_is_found_by_the_wrapped_one(recorded, database_url):
    """Whoever can write to the database but has no key-encryption key signs with a key that they make themselves."""
    forger = Signer(bytes(32))
    with connected(database_url) as connection:
        connection.execute(update(signing_keys).values(public_key=forger.public_key))
    first = verify_record(recorded.store, recorded.keyring.keks).findings
    assert Fault.KEY_CHANGED in {finding.fault for finding in first}


def test_removal_that_no_checkpoint_signed_is_found(recorded, database_url):
    with connected(database_url) as connection:
        first = connection.execute(
            select(audit).where(audit.c.chain_id == 2, audit.c.chain_sequence == 1)
        ).one()
        connection.execute(delete(audit).where(audit.c.sequence == first.sequence))
        connection.execute(
            update(audit_chains)
            .where(audit_chains.c.id == 2)
            .values(pruned_sequence=1, pruned_hash=first.hash)
        )
    faults = [finding.fault for finding in verify_record(recorded.store, recorded.keyring.keks).findings]
    assert faults == [Fault.PRUNED_UNSIGNED]
