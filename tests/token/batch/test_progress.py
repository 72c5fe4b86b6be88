import io

import pytest
from rich.console import Console

from keyfob.batch.progress import PATIENCE_S, progress_bar


class Watch:
    """A stopwatch that is moved by hand."""

    def __init__(self):
        self.at_s = 50.0

    def __call__(self):
        return self.at_s


@pytest.fixture
def watch():
    return Watch()


def console(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, force_interactive=terminal, width=80)


def run(watch, seconds, *, terminal):
    people = console(terminal=terminal)
    with progress_bar("Searching", 10, console=people, monotonic=watch) as advance:
        for _ in range(10):
            watch.at_s += seconds / 10
            advance(1)
    return people.file.getvalue()


def test_long_work_shows_a_bar_on_a_terminal(watch):
    shown = run(watch, 3 * PATIENCE_S, terminal=True)
    assert "Searching" in shown
    assert "10/10" in shown


def test_short_work_shows_nothing(watch):
    assert not run(watch, 0.9 * PATIENCE_S, terminal=True)


def test_nothing_is_shown_where_nobody_looks_on(watch):
    assert not run(watch, 100 * PATIENCE_S, terminal=False)


def test_bar_goes_away_when_the_work_fails(watch):
    people = console(terminal=True)

    def fail():
        with progress_bar("Searching", 10, console=people, monotonic=watch) as advance:
            watch.at_s += 2 * PATIENCE_S
            advance(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert people.file.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_standard_error_is_where_it_shows(watch, capsys):
    with progress_bar("Searching", 10, monotonic=watch) as advance:
        watch.at_s += 2 * PATIENCE_S
        advance(5)
    assert capsys.readouterr() == ("", ""), "a captured stream is no terminal"
