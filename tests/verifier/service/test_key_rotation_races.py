"""A data key is replaced while a token is being enrolled under it. On SQLite, with its one writer, that cannot be."""

import threading
import time

import pytest

from key_samples import TenantFob, data_keys_of
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.data_keys import add_data_key
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.key_rotation import rotate_data_keys

PATIENCE_S = 30.0


@pytest.fixture
def database_url(new_postgres_database):
    return new_postgres_database()


@pytest.fixture
def elsewhere(context, database_url, kek_path):
    """The same installation in another process."""
    opened = open_installation(database_url, kek_path, Purpose.PRODUCTION, context.clock)
    yield opened
    opened.store.close()


class HeldEnrolment:
    """An enrolment that has chosen its data key and goes on when it is told to."""

    def __init__(self, context):
        self._chosen, self._go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._enrol, args=(context,))
        self._thread.start()
        assert self._chosen.wait(PATIENCE_S)

    def finish(self):
        self._go_on.set()
        self._thread.join(PATIENCE_S)

    def _enrol(self, context):
        application = Application("late", serial="LATE")
        enrol(context, DEFAULT_TENANT, "tester", application, self._random_bytes)

    def _random_bytes(self, length):
        if length == 12:  # the nonce of the sealed seed
            self._chosen.set()
            assert self._go_on.wait(PATIENCE_S)
        return b"\x5a" * length


def start_rotation(context):
    rotation = threading.Thread(
        target=rotate_data_keys, args=(context, "tester", None, lambda _done, _total: None)
    )
    rotation.start()
    return rotation


def test_key_that_an_enrolment_holds_stays_until_its_seed_is_sealed_anew(context, elsewhere):
    fob = TenantFob(context, DEFAULT_TENANT, "EARLY")
    (old,) = data_keys_of(context, DEFAULT_TENANT)
    enrolment = HeldEnrolment(elsewhere)
    rotation = start_rotation(context)
    until = time.monotonic() + PATIENCE_S
    while fob.token().data_key_id == old.id and time.monotonic() < until:
        time.sleep(0.01)
    rotation.join(0.5)
    assert rotation.is_alive()  # every seed that it can see has left the old key, and still it waits
    assert old in data_keys_of(context, DEFAULT_TENANT)
    enrolment.finish()
    rotation.join(PATIENCE_S)
    (new,) = data_keys_of(context, DEFAULT_TENANT)
    with context.store.read() as transaction:
        token = transaction.tokens.get(DEFAULT_TENANT, "LATE")
    assert token.data_key_id == new.id
    with context.opened(token) as seed:
        assert seed.reveal() == b"\x5a" * 20


def test_enrolment_that_waits_for_a_key_that_is_deleted_takes_the_newer_one(context, elsewhere):
    """It finds the old key as the newest, waits for whoever deletes it, and then finds the one that came meanwhile."""
    (old,) = data_keys_of(context, DEFAULT_TENANT)
    held = []
    with context.store.write() as transaction:
        transaction.data_keys.lock(old.id)

        def hold():
            with elsewhere.store.write() as other:
                held.append(other.data_keys.hold_newest(DEFAULT_TENANT))

        waiting = threading.Thread(target=hold)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        add_data_key(context, transaction, DEFAULT_TENANT, context.clock.now() + 1.0)
        transaction.data_keys.delete(old.id)
    waiting.join(PATIENCE_S)
    assert [held[0]] == data_keys_of(context, DEFAULT_TENANT)
