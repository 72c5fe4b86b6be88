"""A fleet's seed file row by row: a line that cannot be used does not stop the others."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from keyfob.formats.cells import shown
from keyfob.formats.csv_rows import read_records
from keyfob.formats.fleet_seeds import COLUMNS, InvalidSeedFileError, SeedRecord, read_record
from keyfob.formats.rows import Credential, Flaw, Kind, Reason, Row, SeedFileError
from keyfob.formats.text import read_lines, tidy

_REASONS = {
    "serial": Reason.INVALID_SERIAL,
    "secret_base32": Reason.INVALID_SECRET,
    "account": Reason.INVALID_USER,
}
_SECRETS = {"secret_base32", "pin"}


def read(file: BinaryIO) -> Iterator[Row]:
    """Reads what `fleet_seeds.format_seed_file` writes, each line as strictly as `fleet_seeds.read_seed_file` does.

    Raises:
        SeedFileError: it has another header, or is no CSV.
    """
    records = read_records(read_lines(file), ",")
    header = next(records, None)
    if header is None or tuple(header.cells) != COLUMNS:
        raise SeedFileError(1, f"its first line must be the header {','.join(COLUMNS)}")
    for line, cells in records:
        yield _row(line, list(map(tidy, cells)))


def _row(line: int, cells: Sequence[str]) -> Row:
    found = dict(zip(COLUMNS, cells, strict=True)) if len(cells) == len(COLUMNS) else {}
    original = {column: cell for column, cell in found.items() if column not in _SECRETS}
    try:
        return Row(line, original, _credential(read_record(line, cells)))
    except InvalidSeedFileError as error:
        text = found.get(error.column, "")
        told = f"{len(text)} characters" if error.column in _SECRETS else shown(text)
        reason = _REASONS.get(error.column, Reason.INVALID_PARAMETER)
        flaw = Flaw(reason, error.column, told if found else f"{len(cells)} columns", error.problem)
        return Row(line, original, flaw)


def _credential(record: SeedRecord) -> Credential:
    carried = record.carried
    return Credential(
        serial=record.serial,
        seed=carried.seed,
        kind=Kind.TOTP if carried.counter is None else Kind.HOTP,
        parameters=carried.parameters,
        counter=carried.counter or 0,
        user=carried.account,
        issuer=carried.issuer,
        grade_ppm=record.crystal_grade_ppm,
        made_at=record.made_at,
        pin=record.pin,
        pin_policy={} if record.pin is None else {"PINUsageMode": "Local"},
    )
