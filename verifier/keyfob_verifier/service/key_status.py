"""How the keys above the seeds stand, and what to do about them."""

from dataclasses import dataclass

from keyfob_verifier.keys.errors import KekMissingError, WrongKekError
from keyfob_verifier.records import WrappedDataKey
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.sealed_seeds import SeedCount


@dataclass(frozen=True, slots=True)
class DataKeyStatus:
    """A data key.

    Attributes:
        tenant_id: whose.
        key_id: its id.
        created_at: Unix time.
        kek_id: what it is wrapped under.
        seeds: how many lie under it.
        is_newest: new seeds are sealed with it.
        opens: the KEKs that are given open it.
        advice: what to do; empty where nothing is.
    """

    tenant_id: str
    key_id: str
    created_at: float
    kek_id: str
    seeds: int
    is_newest: bool
    opens: bool
    advice: str


def key_status(context: Context) -> list[DataKeyStatus]:
    """Every data key, by tenant and age.

    Raises:
        HsmUnavailableError: the KEK is in an HSM that does not answer.
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        stored = transaction.data_keys.all()
        counts = transaction.sealed_seeds.counts()
    newest = {record.tenant_id: record.id for record in stored}
    return [
        _status(context, record, counts.get(record.id, SeedCount()), newest[record.tenant_id] == record.id)
        for record in sorted(stored, key=lambda record: record.tenant_id)
    ]


def signing_key_advice(context: Context) -> str:
    """What to do about the key that signs the record's checkpoints; empty where nothing is.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        used = {record.kek_id for record in transaction.signing_keys.all()}
    keks = context.keyring.keks
    if missing := used - keks.ids:
        return f"name its KEK ({', '.join(sorted(missing))}) with --kek too, or restore it: no verifier starts without"
    if used - {keks.current.kek_id}:
        return "run keyfob keys rotate kek: it is wrapped under another KEK than the first one given"
    return ""


def _status(context: Context, record: WrappedDataKey, count: SeedCount, is_newest: bool) -> DataKeyStatus:
    problem = _problem(context, record)
    return DataKeyStatus(
        record.tenant_id,
        record.id,
        record.created_at,
        record.kek_id,
        count.seeds,
        is_newest,
        not problem,
        problem or _advice(context, record, count, is_newest),
    )


def _problem(context: Context, record: WrappedDataKey) -> str:
    try:
        context.keyring.open(record)
    except KekMissingError:
        return "name its KEK with --kek too, or restore it: without it these seeds do not open"
    except WrongKekError:
        return "restore this row, or the KEK of this id, from a copy: it does not open"
    return ""


def _advice(context: Context, record: WrappedDataKey, count: SeedCount, is_newest: bool) -> str:
    if not is_newest:
        return "run keyfob keys rotate data: a rotation was not finished"
    if record.kek_id != context.keyring.keks.current.kek_id:
        return "run keyfob keys rotate kek: it is wrapped under another KEK than the first one given"
    if count.older:
        return f"run keyfob keys rotate data: it binds {count.older} older seeds to their serials"
    return ""
