"""An installation: made once, then opened by each verifier process."""

from pathlib import Path

from keyfob import Clock, SealingKey
from keyfob.key_file import KeyFileExistsError, create_key_file, read_key_file
from keyfob_verifier.decide.throttle import Throttle
from keyfob_verifier.errors import WrongPurposeError
from keyfob_verifier.keys.envelope import Keyring, wrap
from keyfob_verifier.records import Purpose, Tenant
from keyfob_verifier.service.api_keys import create_api_key
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.database import Store, new_database, open_database, sqlite_path

DEFAULT_TENANT = "default"


def initialise(database_url: str, kek_path: Path, purpose: Purpose, clock: Clock) -> str:
    """Makes the database with its first data key and API key, and the key-encryption key in a file apart from it.

    Returns:
        The API key, which is kept nowhere and never shown again.

    Raises:
        KeyFileError: the key file exists, or would lie in the database's directory.
        DatabaseExistsError: there is a database already.
        StorageUnavailableError: it cannot be made there.
    """
    now = clock.now()
    kek = SealingKey.generate()
    database = sqlite_path(database_url)
    if kek_path.exists():
        raise KeyFileExistsError(kek_path)
    with new_database(database_url, purpose, now) as transaction:
        transaction.tenants.add(Tenant(DEFAULT_TENANT, DEFAULT_TENANT, now))
        transaction.data_keys.add(wrap(SealingKey.generate(), DEFAULT_TENANT, kek, now))
        api_key = create_api_key(transaction, DEFAULT_TENANT, "first", now)
        create_key_file(kek_path, kek, apart_from=database.parent if database else None)
    return api_key


def open_installation(
    database_url: str,
    kek_path: Path,
    purpose: Purpose,
    clock: Clock,
    *,
    policy: str = "credible",
    throttle: Throttle = Throttle(),  # noqa: B008  immutable
) -> Context:
    """Opens an installation for use.

    Raises:
        KeyFileError: the key-encryption key cannot be read.
        WrongKekError: it is not the one of this database.
        WrongPurposeError: the database was created for something else.
        DatabaseMissingError: there is none; other database errors as `open_database` raises them.
    """
    store = open_database(database_url)
    try:
        keyring = _open_keyring(store, kek_path, purpose)
    except BaseException:
        store.close()
        raise
    return Context(store, keyring, clock, policy, throttle)


def _open_keyring(store: Store, kek_path: Path, purpose: Purpose) -> Keyring:
    if store.purpose is not purpose:
        raise WrongPurposeError(store.purpose)
    with store.read() as transaction:
        return Keyring(transaction.data_keys.all(), read_key_file(kek_path))
