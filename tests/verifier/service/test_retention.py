"""Pruning: what is left stays provable, also where it was stopped in between."""

import pytest
from sqlalchemy import text

from databases import connected
from keyfob_verifier.audit.errors import AuditTamperedError, PruneTimeError
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.checkpoints import checkpoint
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.proof import verify_record
from keyfob_verifier.service.retention import prune

ENTRIES = 40


class StoppedError(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
def recorded(context, clock):
    """Forty entries, a second after the other, and the time of the twentieth."""
    first = clock.now()
    for number in range(ENTRIES):
        clock.advance(seconds=1)
        with context.store.write() as transaction:
            entry = AuditEntry(clock.now(), "tester", "validate", f"KF-{number}", "wrong")
            transaction.audit.append(DEFAULT_TENANT, [entry])
    clock.advance(seconds=60)
    return first + ENTRIES / 2


def verified(context, against=None):
    return verify_record(context.store, context.keyring.keks, against)


def serials(context):
    with context.store.read() as transaction:
        from keyfob_verifier.service.record import Wanted

        return [
            entry.serial for entry in transaction.audit.page(Wanted(DEFAULT_TENANT, action="validate"), 1000)
        ]


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_what_is_left_is_sound_and_nothing_else_is_gone(context, recorded, batch):
    assert prune(context, DEFAULT_TENANT, "tester", recorded, batch=batch) >= ENTRIES // 2 - 1
    left = serials(context)
    assert left == [f"KF-{number}" for number in range(ENTRIES - 1, ENTRIES - 1 - len(left), -1)]
    assert abs(len(left) - ENTRIES / 2) <= 1
    assert verified(context).findings == ()


def test_checkpoint_from_before_still_holds_for_what_is_left(context, recorded):
    kept = checkpoint(context)
    prune(context, DEFAULT_TENANT, "tester", recorded, batch=7)
    assert verified(context, kept).findings == ()


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_stopped_in_between_it_is_sound_and_goes_on(context, recorded, batches):
    told = []

    def stop(gone):
        told.append(gone)
        if len(told) == batches:
            raise StoppedError

    with pytest.raises(StoppedError):
        prune(context, DEFAULT_TENANT, "tester", recorded, batch=4, advance=stop)
    assert verified(context).findings == ()
    assert len(serials(context)) > ENTRIES / 2
    prune(context, DEFAULT_TENANT, "tester", recorded, batch=4)
    assert len(serials(context)) <= ENTRIES / 2 + 1
    assert verified(context).findings == ()


def test_removal_beyond_the_pruned_point_is_found(context, recorded, database_url):
    prune(context, DEFAULT_TENANT, "tester", recorded)
    with connected(database_url) as connection:
        connection.execute(text("DELETE FROM audit WHERE serial = 'KF-30'"))
    assert verified(context).findings


def test_record_that_does_not_hold_is_left_alone(context, recorded, database_url):
    with connected(database_url) as connection:
        connection.execute(text("UPDATE audit SET outcome = 'accepted' WHERE serial = 'KF-3'"))
    with pytest.raises(AuditTamperedError):
        prune(context, DEFAULT_TENANT, "tester", recorded)
    assert len(serials(context)) == ENTRIES


def test_time_to_come_is_refused(context, recorded, clock):
    with pytest.raises(PruneTimeError):
        prune(context, DEFAULT_TENANT, "tester", clock.now() + 1.0)
