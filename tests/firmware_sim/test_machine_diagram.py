"""The machine's table as a picture and as a page."""

import re
from pathlib import Path

from keyfob_firmware.display import Screen, lit
from keyfob_firmware.display_svg import draw_svg
from keyfob_firmware.machine import REST, RESTS, STAY, TRANSITIONS, Event, State
from keyfob_firmware.machine_diagram import as_dot, as_markdown

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures"


def test_committed_picture_is_of_todays_table():
    assert (PICTURES / "fob-states.dot").read_text() == as_dot(), "draw it anew: make pictures"


def test_committed_picture_shows_what_its_source_says():
    source, drawn = as_dot(), (PICTURES / "fob-states.svg").read_text()
    arrows = {f"{a}->{b}" for a, b in re.findall(r'^  "(.*?)" -> "(.*?)"', source, re.MULTILINE)}
    titles = {
        title.replace("&#45;", "-").replace("&gt;", ">")
        for title in re.findall("<title>(.*?)</title>", drawn)
    }
    assert arrows == {title for title in titles if "->" in title}
    assert titles >= {state.value for state in State}


def test_every_change_of_state_is_an_arrow():
    labels = dict(
        re.findall(r'^  "(.*? -> .*?)" \[label="(.*?)"\]', as_dot().replace('" -> "', " -> "), re.MULTILINE)
    )
    for transition in TRANSITIONS:
        if transition.next == STAY:
            continue
        ways = [text for way, text in labels.items() if way.endswith(f" -> {transition.next}")]
        assert any(transition.event in text for text in ways), transition
    assert labels["idle -> pin-entry"] == "press [PIN set]"
    assert labels["challenge -> rest"] == "press\\ndark"


def test_rest_leads_by_its_rules_in_order():
    source = as_dot()
    assert '"rest" [shape=diamond' in source
    assert f'"{REST}" -> "recovery" [label="4. too many interrupted starts\\n5. memory damaged"' in source
    assert f'"{REST}" -> "idle" [label="{len(RESTS)}. else"' in source


def test_table_has_a_row_for_each_transition():
    rows = [line for line in as_markdown().splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(TRANSITIONS)
    for row, transition in zip(rows, TRANSITIONS, strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1:] == [
            transition.event.value,
            transition.condition or "",
            transition.action or "",
            transition.next,
        ]
    assert all(any(event in row for row in rows) for event in Event)


def test_page_holds_todays_table():
    assert as_markdown() in (DOCS / "fob.md").read_text()


def test_picture_of_the_display_is_todays():
    assert (PICTURES / "lcd.svg").read_text() == draw_svg(lit(Screen("287082", bar=4))) + "\n"
