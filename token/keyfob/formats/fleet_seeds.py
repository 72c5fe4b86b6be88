"""A fleet's seed file: CSV in UTF-8 with the header below, a line for each fob, as its manufacturer would send it.

What a spreadsheet would take for a formula is escaped as `csv_writer` does it.

Such a file is a secret. No error here repeats any of it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from keyfob.errors import InvalidParametersError, InvalidSeedError, InvalidUriError, KeyfobError
from keyfob.formats.csv_writer import escape, read_escaped
from keyfob.formats.serials import SERIAL
from keyfob.parameters import Algorithm, Parameters
from keyfob.quantities import UNIX_LIMIT_S
from keyfob.seed import Seed
from keyfob.uri import WHOLE_NUMBER, Provisioning

COLUMNS = (
    "serial",
    "kind",
    "algorithm",
    "digits",
    "time_step_s",
    "counter",
    "issuer",
    "account",
    "secret_base32",
    "pin",
    "crystal_grade_ppm",
    "made_at",
)
TOTP, HOTP = "totp", "hotp"

_PIN = re.compile(r"(?:[0-9]{4,8})?")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_LONGEST_FIELD = 4096


class InvalidSeedFileError(KeyfobError):
    """A text is no seed file of a fleet; `line` counts from 1, and `column` is empty for the whole line."""

    code = "seed-file-invalid"

    def __init__(self, line: int, column: str, problem: str) -> None:
        self.line, self.column, self.problem = line, column, problem
        where = f"line {line}, {column}" if column else f"line {line}"
        super().__init__(f"the seed file, {where}: {problem}")


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """One fob's line.

    Attributes:
        serial: the number on its back: 1 to 64 letters, digits, dots, hyphens and underscores.
        carried: what its verifier needs; its seed is open, so wipe it once it is where it belongs.
        crystal_grade_ppm: what its maker promises of its clock.
        made_at: the Unix time of its manufacture.
        pin: the one that it was given; None if none.
    """

    serial: str
    carried: Provisioning
    crystal_grade_ppm: float
    made_at: float
    pin: str | None = field(default=None, repr=False)


def format_seed_file(records: Iterable[SeedRecord]) -> str:
    """Writes a seed file.

    Raises:
        InvalidSeedError: a seed was wiped.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(escape, map(str, _fields(record))) for record in records)
    return out.getvalue()


def read_seed_file(text: str) -> Iterator[SeedRecord]:
    """Reads a seed file, line by line: what stands before a mistake is given before it is found.

    Raises:
        InvalidSeedFileError: the header is another, a field cannot be used, or a serial stands twice.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    seen: set[str] = set()
    try:
        if tuple(next(rows, ())) != COLUMNS:
            raise InvalidSeedFileError(1, "", f"it must be the header {','.join(COLUMNS)}")
        for row in rows:
            if not row:
                continue
            record = read_record(rows.line_num, list(map(read_escaped, row)))
            if record.serial in seen:
                raise InvalidSeedFileError(rows.line_num, "serial", "it stands on an earlier line, too")
            seen.add(record.serial)
            yield record
    except csv.Error:
        raise InvalidSeedFileError(rows.line_num, "", "its quotes are not closed") from None


def read_record(line: int, row: Sequence[str]) -> SeedRecord:
    """What one line says, by its fields in the order of `COLUMNS`.

    Raises:
        InvalidSeedFileError: a field cannot be used, or there are too many or too few.
    """
    if len(row) != len(COLUMNS):
        raise InvalidSeedFileError(line, "", f"it has {len(row)} fields, and {len(COLUMNS)} are wanted")
    found = dict(zip(COLUMNS, row, strict=True))
    for column, content in found.items():
        if len(content) > _LONGEST_FIELD:
            raise InvalidSeedFileError(line, column, f"it has more than {_LONGEST_FIELD} characters")
    if not SERIAL.fullmatch(found["serial"]):
        raise InvalidSeedFileError(line, "serial", "1 to 64 letters, digits, dots, hyphens and underscores")
    if not _PIN.fullmatch(found["pin"]):
        raise InvalidSeedFileError(line, "pin", "it has 4 to 8 digits, or is empty where there is none")
    if not _NUMBER.fullmatch(found["crystal_grade_ppm"]):
        raise InvalidSeedFileError(line, "crystal_grade_ppm", "it must be a number of ppm, such as 20 or 2.5")
    made_at = _made_at(line, found["made_at"])
    carried = _carried(line, found)
    return SeedRecord(
        found["serial"], carried, float(found["crystal_grade_ppm"]), made_at, found["pin"] or None
    )


def _fields(record: SeedRecord) -> tuple[object, ...]:
    carried = record.carried
    parameters = carried.parameters
    timed = carried.counter is None
    return (
        record.serial,
        TOTP if timed else HOTP,
        parameters.algorithm.value,
        parameters.digits,
        parameters.time_step_s if timed else "",
        "" if timed else carried.counter,
        carried.issuer or "",
        carried.account,
        carried.seed.to_base32(),
        record.pin or "",
        f"{record.crystal_grade_ppm:.9f}".rstrip("0").rstrip("."),
        datetime.fromtimestamp(record.made_at, UTC).isoformat(timespec="microseconds"),
    )


def _carried(line: int, found: dict[str, str]) -> Provisioning:
    if found["kind"] not in {TOTP, HOTP}:
        raise InvalidSeedFileError(line, "kind", f"it must be {TOTP} or {HOTP}")
    counter = None
    empty, wanted = ("counter", "time_step_s") if found["kind"] == TOTP else ("time_step_s", "counter")
    if found[empty]:
        raise InvalidSeedFileError(line, empty, f"it must be empty, as this fob has a {wanted}")
    if found["kind"] == HOTP:
        counter = _whole(line, "counter", found["counter"])
    parameters = _parameters(line, found)
    try:
        seed = Seed.from_base32(found["secret_base32"])
        return Provisioning(seed, found["account"], found["issuer"] or None, parameters, counter)
    except InvalidSeedError as error:
        raise InvalidSeedFileError(line, "secret_base32", error.reason) from None
    except InvalidUriError as error:
        raise InvalidSeedFileError(line, error.field or "counter", error.reason) from None


def _parameters(line: int, found: dict[str, str]) -> Parameters:
    if found["algorithm"] not in {algorithm.value for algorithm in Algorithm}:
        raise InvalidSeedFileError(line, "algorithm", "it must be SHA1, SHA256 or SHA512")
    algorithm, digits = Algorithm(found["algorithm"]), _whole(line, "digits", found["digits"])
    try:
        if found["kind"] == HOTP:
            return Parameters(algorithm, digits)
        return Parameters(algorithm, digits, _whole(line, "time_step_s", found["time_step_s"]))
    except InvalidParametersError as error:
        raise InvalidSeedFileError(line, error.field, f"it must be {error.allowed}") from None


def _whole(line: int, column: str, content: str) -> int:
    if not WHOLE_NUMBER.fullmatch(content):
        raise InvalidSeedFileError(line, column, "it must be a plain whole number")
    return int(content)


def _made_at(line: int, content: str) -> float:
    problem = "it must be ISO 8601 with its zone, such as 2026-01-31T09:30:00+00:00"
    try:
        moment = datetime.fromisoformat(content)
        made_at = moment.timestamp() if moment.tzinfo else UNIX_LIMIT_S * 2.0
    except (ValueError, OverflowError):
        raise InvalidSeedFileError(line, "made_at", problem) from None
    if abs(made_at) > UNIX_LIMIT_S:
        raise InvalidSeedFileError(line, "made_at", problem)
    return made_at
