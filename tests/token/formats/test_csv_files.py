import base64
import tracemalloc

import pytest

from keyfob.formats.column_map import ColumnMap, Settings
from keyfob.formats.csv_files import MAX_UNDECIDED_ROWS, read, read_mapped
from keyfob.formats.csv_layouts import LAYOUTS
from keyfob.formats.rows import SeedFileError
from keyfob.seed import Seed
from seed_files import RFC_SECRET, as_file, outcome

FEITIAN = LAYOUTS["feitian"]
HEX, BASE32 = RFC_SECRET.hex(), base64.b32encode(RFC_SECRET).decode()
BOTH = "ABCDEF234567ABCDEF234567"
AS_HEX, AS_BASE32 = Seed(bytes.fromhex(BOTH)), Seed.from_base32(BOTH)


def found(*secrets, settings=""):
    text = "".join(f"F{number} {secret}\n" for number, secret in enumerate(secrets, 1))
    return list(read(as_file(text), FEITIAN, Settings.parse(settings)))


@pytest.mark.parametrize(("clear", "meant"), [(HEX, AS_HEX), (BASE32, AS_BASE32)])
def test_ambiguous_secret_is_read_as_all_the_others_are(clear, meant):
    rows = found(BOTH, clear, BOTH)
    assert [outcome(row)[1] for row in rows] == ["F2", "F1", "F3"]
    assert rows[1].content.seed == rows[2].content.seed == meant


@pytest.mark.parametrize("others", [(), (HEX, BASE32), ("0189",)])
def test_ambiguous_secret_is_a_flaw_where_the_others_prove_nothing(others):
    row = found(*others, BOTH)[-1]
    assert outcome(row)[1:] == ("InvalidSecret", "seed")
    assert row.content.found == f"{len(BOTH)} characters"
    assert "name the encoding" in row.content.advice


def test_ambiguous_secret_is_read_where_the_encoding_is_said():
    assert found(BOTH, settings="encoding=hex")[0].content.seed == AS_HEX
    assert found(BOTH, HEX, settings="encoding=base32")[0].content.seed == AS_BASE32


def test_ambiguous_secret_is_read_as_a_layout_says_whatever_the_others_are():
    text = f"serial number,secret key,time interval\nF1,{BOTH},30\nF2,{HEX},30\n"
    first, second = read(as_file(text), LAYOUTS["entra"])
    assert first.content.seed == AS_BASE32
    assert outcome(second)[1] == "InvalidSecret"


def test_only_so_many_rows_wait_for_the_end():
    rows = found(*[BOTH] * (MAX_UNDECIDED_ROWS + 1), HEX)
    assert outcome(rows[0]) == (MAX_UNDECIDED_ROWS + 1, "InvalidSecret", "seed")
    assert all(row.content.seed == AS_HEX for row in rows[2:])
    assert len(rows) == MAX_UNDECIDED_ROWS + 2


def test_other_flaws_of_an_ambiguous_row_are_told_at_once():
    text = f"F 1,{BOTH}\nF2,{HEX}\n"
    assert [outcome(row)[:2] for row in read(as_file(text), FEITIAN)] == [(1, "InvalidSerial"), (2, "F2")]


def test_empty_rows_and_cells_beyond_the_last_are_passed_over():
    rows = list(read(as_file(f"F1,{HEX},,\n,,,\n   \n\nF2,{HEX}\n"), FEITIAN))
    assert [outcome(row) for row in rows] == [(1, "F1"), (5, "F2")]


def test_file_cut_short_is_refused_or_its_last_row_named():
    text = f"serial number,secret key,model\nF1,{BASE32},M\nF2,{BASE32[:20]}"
    assert [outcome(row)[1] for row in read(as_file(text), LAYOUTS["token2"])] == ["F1", "InvalidParameter"]
    reading = read(as_file(f'{text[:-20]}"{BASE32[:20]}'), LAYOUTS["token2"])
    assert outcome(next(reading)) == (2, "F1")
    with pytest.raises(SeedFileError, match="line 3: its quotes"):
        next(reading)


def test_memory_stays_flat_however_long_a_file_is(tmp_path):
    def peak_bytes(rows):
        path = tmp_path / "seeds.csv"
        path.write_text("".join(f"F{number},{HEX}\n" for number in range(rows)))
        tracemalloc.start()
        with path.open("rb") as file:
            assert sum(1 for _ in read(file, FEITIAN)) == rows
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(100)
    assert peak_bytes(12_000) < peak_bytes(3_000) + 50_000


def test_column_map_reads_any_other_file():
    text = "note;Nummer;Seed;Art\nx;N1;" + HEX + ";hotp\ny;N2;" + HEX + ";\n"
    column_map = ColumnMap.parse("serial=2,secret=Seed,kind=4,encoding=hex,digits:8")
    one, two = [row.content for row in read_mapped(as_file(text), column_map)]
    assert [(c.serial, c.kind, c.parameters.digits) for c in (one, two)] == [
        ("N1", "hotp", 8),
        ("N2", "totp", 8),
    ]


def test_original_row_shows_only_mapped_columns():
    text = f"N1,{HEX},{BASE32},alice\nN 2,{HEX},{BASE32},bob\n"
    rows = list(read_mapped(as_file(text), ColumnMap.parse("serial=1,secret=2,user=4")))
    assert [dict(row.original) for row in rows] == [
        {"column 1": "N1", "column 4": "alice"},
        {"column 1": "N 2", "column 4": "bob"},
    ]
