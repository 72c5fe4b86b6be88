"""An installation: made once, then opened by each verifier process."""

from collections.abc import Callable, Sequence
from pathlib import Path

from keyfob import Clock, SealingKey
from keyfob_verifier.errors import WrongPurposeError
from keyfob_verifier.keys.envelope import wrap
from keyfob_verifier.keys.kek import Keks
from keyfob_verifier.keys.keyring import Keyring
from keyfob_verifier.keys.provider import KekSpec, open_kek, prepare_kek
from keyfob_verifier.records import Purpose, Tenant, WrappedDataKey
from keyfob_verifier.service.api_keys import DEFAULT_LIFE_S, NewApiKey, create_api_key
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.data_keys import require_keks
from keyfob_verifier.service.guessing import GuessingRules
from keyfob_verifier.store.database import Store, new_database, open_database, sqlite_path

DEFAULT_TENANT = "default"


def initialise(database_url: str, kek: KekSpec, purpose: Purpose, clock: Clock) -> str:
    """Makes the database with its first data key and API key, and the key-encryption key apart from it.

    Returns:
        The API key, which is kept nowhere and never shown again.

    Raises:
        KeyFileError: the key file exists, or would lie in the database's directory.
        DatabaseExistsError: there is a database already.
        StorageUnavailableError: it cannot be made there.
        Others about the key-encryption key as `prepare_kek` raises them.
    """
    now = clock.now()
    make_kek = prepare_kek(kek, database_directory(database_url))
    with new_database(database_url, purpose, now) as transaction:
        transaction.tenants.add(Tenant(DEFAULT_TENANT, DEFAULT_TENANT, now))
        life_s = DEFAULT_LIFE_S if purpose is Purpose.PRODUCTION else None  # a test's years pass in seconds
        first = create_api_key(transaction, DEFAULT_TENANT, NewApiKey("first", life_s=life_s), now)
        keks = Keks([make_kek()])
        transaction.data_keys.add(wrap(SealingKey.generate(), DEFAULT_TENANT, keks, now))
    return first.api_key


def open_installation(
    database_url: str,
    kek: KekSpec,
    purpose: Purpose,
    clock: Clock,
    *,
    older_keks: Sequence[KekSpec] = (),
    policy: str = "credible",
    guessing: GuessingRules = GuessingRules(),  # noqa: B008  immutable
) -> Context:
    """Opens an installation for use, once every data key in it has been opened.

    Args:
        database_url: where its database is.
        kek: the present key-encryption key.
        purpose: what the database must have been created for.
        clock: the verifier's time.
        older_keks: others that data keys may still be wrapped under, or the one that they are going to be.
        policy: the window policy's name.
        guessing: the rules against it.

    Raises:
        KekMissingError: data keys are wrapped under a key-encryption key that is not given.
        SigningKekMissingError: only what signs the record's checkpoints is.
        WrongKekError: one does not open under the key-encryption key that it names.
        WrongPurposeError: the database was created for something else.
        DatabaseMissingError: there is none; other database errors as `open_database` raises them.
        Others about key-encryption keys as `open_kek` raises them.
    """
    context = open_sealed(database_url, [kek, *older_keks], purpose, clock, policy=policy, guessing=guessing)
    try:
        _open_data_keys(context)
    except BaseException:
        context.store.close()
        raise
    return context


def open_sealed(
    database_url: str,
    keks: Sequence[KekSpec],
    purpose: Purpose,
    clock: Clock,
    *,
    policy: str = "credible",
    guessing: GuessingRules = GuessingRules(),  # noqa: B008  immutable
) -> Context:
    """Opens an installation as `open_installation` does, and leaves every data key sealed until it is asked for."""
    store = open_database(database_url)
    try:
        keyring = _keyring(store, keks, purpose)
    except BaseException:
        store.close()
        raise
    return Context(
        store,
        keyring,
        clock,
        policy,
        throttle=guessing.throttle,
        source_throttle=guessing.source_throttle,
        next_code=guessing.next_code,
    )


def database_directory(database_url: str) -> Path | None:
    """The directory of the database's file; None where it is no file."""
    path = sqlite_path(database_url)
    return path.parent if path else None


def _open_data_keys(context: Context) -> None:
    require_keks(context)
    with context.store.read() as transaction:
        stored = transaction.data_keys.all()
    for record in stored:
        context.keyring.open(record)


def _keyring(store: Store, keks: Sequence[KekSpec], purpose: Purpose) -> Keyring:
    if store.purpose is not purpose:
        raise WrongPurposeError(store.purpose)
    return Keyring(Keks([open_kek(spec) for spec in keks]), _finder(store))


def _finder(store: Store) -> Callable[[str], WrappedDataKey | None]:
    def find(key_id: str) -> WrappedDataKey | None:
        with store.read() as transaction:
            return transaction.data_keys.find(key_id)

    return find
