"""Installations that older keyfobs made: everything in them survives the way to the present schema, and the way back."""

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, select

from databases import connected
from keyfob import VirtualClock, totp
from keyfob_verifier.attempts import Standing, ThrottleKey, token_subject
from keyfob_verifier.records import Purpose, SupportState, TokenStatus
from keyfob_verifier.service import lifecycle, support
from keyfob_verifier.service.api_keys import authenticate
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.proof import verify_record
from keyfob_verifier.service.verification import Attempt, verify
from keyfob_verifier.store import migrate

VECTORS = sorted((Path(__file__).parents[2] / "vectors").glob("schema_*.json"))
KNOWN_KEYS = {"source", "schema", "kek_file", "api_key", "now", "owner", "seeds", "rows"}


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def old(request):
    content = json.loads(request.param.read_text())
    assert content.keys() == KNOWN_KEYS
    assert content["owner"] == DEFAULT_TENANT
    return content


@pytest.fixture
def old_url(old, database_url, kek_path):
    """The installation as it was, with the old tables, in each kind of database."""
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).parent.mkdir()
    kek_path.parent.mkdir()
    kek_path.touch(mode=0o600)
    kek_path.write_text(old["kek_file"])
    to_revision(database_url, old["schema"])
    with connected(database_url) as connection:
        for name, rows in old["rows"].items():
            table = Table(name, MetaData(), autoload_with=connection)
            connection.execute(table.insert(), [{key: from_json(row[key]) for key in row} for row in rows])
    return database_url


@pytest.fixture
def upgraded(old, old_url, kek_path):
    context = open_installation(old_url, kek_path, Purpose.PRODUCTION, VirtualClock(old["now"] + 86_400.0))
    yield context
    context.store.close()


def to_revision(url, revision):
    with connected(url) as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._HERE))
        config.attributes["connection"] = connection
        if migrate.current_revision(connection) is None:
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)


def from_json(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def rows_of(url, name):
    with connected(url) as connection:
        table = Table(name, MetaData(), autoload_with=connection)
        query = select(table).order_by(*table.primary_key)
        return [dict(row._mapping) for row in connection.execute(query)]


def submit(context, serial, code):
    (outcome,) = verify(context, [Attempt(DEFAULT_TENANT, "tester", serial, code, context.clock.now())])
    return outcome.reason


def present_code(old, context, serial):
    return totp(bytes.fromhex(old["seeds"][serial]), context.clock.now())


def test_vectors_are_of_every_schema_that_was_released():
    assert [path.stem for path in VECTORS] == ["schema_0001", "schema_0002"]


def test_all_that_was_kept_is_still_there(old, upgraded):
    assert_failures_still_count(old, upgraded)
    assert_drift_that_was_learned_is_still_known(old, upgraded)
    assert_api_key_still_opens(old, upgraded)
    assert_support_records_are_kept(old, upgraded)
    assert_record_goes_on_where_it_was_and_is_whole(old, upgraded)


def test_every_token_keeps_its_seed_and_its_state(old, upgraded):
    assert submit(upgraded, "PENDING", present_code(old, upgraded, "PENDING")) is Reason.NOT_ACTIVE
    assert submit(upgraded, "REVOKED", present_code(old, upgraded, "REVOKED")) is Reason.NOT_ACTIVE
    assert submit(upgraded, "ACTIVE", present_code(old, upgraded, "ACTIVE")) is Reason.ACCEPTED
    assert submit(upgraded, "ACTIVE", present_code(old, upgraded, "ACTIVE")) is Reason.REPLAYED
    code = present_code(old, upgraded, "PENDING")
    activated = lifecycle.activate(upgraded, DEFAULT_TENANT, "tester", "PENDING", code)
    assert activated.reason is Reason.ACCEPTED


def assert_failures_still_count(old, upgraded):
    with upgraded.store.write() as transaction:
        spent = transaction.tokens.get(DEFAULT_TENANT, "SPENT")
        key = ThrottleKey(token_subject(spent.id), Standing.UNKNOWN)
        failures = transaction.throttles.lock(DEFAULT_TENANT, [key.subject])[key]
    before = next(row for row in old["rows"]["tokens"] if row["serial"] == "SPENT")
    assert failures.state.budget == before["throttle_budget"] < 10.0
    assert failures.state.streak == before["throttle_streak"] == 3


def test_code_that_was_used_before_the_upgrade_is_refused_after_it(old, old_url, kek_path):
    context = open_installation(old_url, kek_path, Purpose.PRODUCTION, VirtualClock(old["now"]))
    used = totp(bytes.fromhex(old["seeds"]["ACTIVE"]), old["now"] - 8.0)
    assert submit(context, "ACTIVE", used) is Reason.REPLAYED
    context.store.close()


def assert_drift_that_was_learned_is_still_known(old, upgraded):
    before = next(row for row in old["rows"]["tokens"] if row["serial"] == "ACTIVE")
    with upgraded.store.read() as transaction:
        token = transaction.tokens.get(DEFAULT_TENANT, "ACTIVE")
    assert dict(token.drift._asdict()) == {name: before[f"drift_{name}"] for name in token.drift._fields}
    assert (token.status, token.account, token.issuer) == (TokenStatus.ACTIVE, "alice", "Bank")
    assert (token.version, token.created_at) == (before["version"], before["created_at"])


def assert_record_goes_on_where_it_was_and_is_whole(old, upgraded):
    submit(upgraded, "ACTIVE", "000000")
    with upgraded.store.read() as transaction:
        kept = transaction.audit.latest(DEFAULT_TENANT, None, 100)
    told = [(row["action"], row["serial"], row["outcome"], row["step"]) for row in old["rows"]["audit"]]
    assert [(each.action, each.serial, each.outcome, each.step) for each in reversed(kept)][
        : len(told)
    ] == told
    assert len(kept) == len(told) + 1
    assert verify_record(upgraded.store, upgraded.keyring.keks).findings == ()


def assert_api_key_still_opens(old, upgraded):
    with upgraded.store.read() as transaction:
        known = authenticate(transaction, old["api_key"])
    assert known.record.tenant_id == DEFAULT_TENANT
    assert known.record.revoked_at is None


def assert_support_records_are_kept(old, upgraded):
    kept = [
        support.show(upgraded, DEFAULT_TENANT, row["id"]) for row in old["rows"].get("support_records", [])
    ]
    assert [(case.record.serial, case.record.state) for case in kept] == [
        ("ACTIVE", SupportState.IN_PROGRESS)
    ] * len(kept)
    changes = [row["note"] for row in old["rows"].get("support_changes", [])]
    assert [change.note for case in kept for change in case.changes] == changes


def test_way_back_gives_every_row_as_it_was(old, old_url, upgraded):
    upgraded.store.close()
    to_revision(old_url, old["schema"])
    for name, rows in old["rows"].items():
        expected = [{key: from_json(value) for key, value in row.items()} for row in rows]
        assert sorted(map(at_rest, rows_of(old_url, name)), key=str) == sorted(
            map(at_rest, expected), key=str
        )


def at_rest(row):
    """A row but for the times of a full budget, which mean nothing and come back as zeros."""
    if row.get("throttle_budget") == 10.0 and row["throttle_streak"] == 0:
        row = row | {"throttle_at": 0.0, "throttle_retry_at": 0.0}
    return dict(sorted(row.items()))
