"""A fob's display, live: drawn anew some times a second, with the keyboard as its button and its keys."""

from collections.abc import Callable
from contextlib import suppress

from rich.console import Group, RenderableType
from rich.text import Text

from keyfob.clock import Clock
from keyfob.errors import MalformedQuestionError
from keyfob.seed import SealingKey
from keyfob_firmware.display import describe
from keyfob_firmware.display_text import Strokes
from keyfob_firmware.errors import NoCodeError
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import FobFolder
from keyfob_firmware.fob_views import glass
from keyfob_firmware.machine import TYPING
from keyfob_firmware.terminal_keys import END, Keys

FRAME_S = 0.1
"""How often it is drawn."""

PRESS, HOLD, ENTER, CLEAR, LEAVE = " ", "h", "\r\n", "c\b\x7f", "q\x03\x04"
"""The keys that mean these; digits are the keypad's."""

HELP = "space presses · h holds · digits and enter type · c clears · q leaves"


class Watched:
    """A fob in its folder that others may use meanwhile: their presses are seen here, and these are seen there.

    Args:
        folder: where it is kept.
        name: its name there.
        key: seals its secrets.
        clock: the true time.

    Raises what `FobFolder.read` raises, in each method.
    """

    def __init__(self, folder: FobFolder, name: str, key: SealingKey, clock: Clock) -> None:
        self._folder, self._name, self._key, self._clock = folder, name, key, clock
        self._kept = folder.read(name)
        self._fob = Fob(self._kept, key, clock)

    def fob(self) -> Fob:
        """The fob as it is now."""
        state = self._folder.read(self._name)
        if state != self._kept:
            self._kept, self._fob = state, Fob(state, self._key, self._clock)
        return self._fob

    def take(self, key: str) -> str:
        """What a key of the keyboard does to it; a sentence where the fob cannot do it, else an empty one."""
        while True:
            fob, complaint = self.fob(), ""
            try:
                with suppress(NoCodeError):
                    act(fob, key)
            except MalformedQuestionError as error:
                complaint = str(error)
            if self._folder.keep(self._name, self._kept, fob.state):
                self._kept = fob.state
                return complaint


def act(fob: Fob, key: str) -> None:
    """What a key of the keyboard does to a fob. Raises what the fob's own method raises."""
    if key in ENTER and fob.mode in TYPING:
        fob.enter()
    elif key in PRESS or key in ENTER:
        fob.press()
    elif key in HOLD:
        fob.hold()
    elif key in CLEAR:
        fob.clear()
    elif key in "0123456789":
        fob.type(key)


def drawing(fob: Fob, note: str, strokes: Strokes) -> RenderableType:
    """A fob at its clock's moment: the glass, what it shows in words, and what the keys do."""
    mode, lit, state = fob.mode, fob.lit(), fob.state
    dark_in_s = state.lit_for_s(fob.now())
    words = describe(lit) + (f" Dark in {dark_in_s:.0f} s." if dark_in_s else "")
    return Group(
        glass(lit, state, strokes),
        Text(f"{mode.value}: {words}"),
        Text(note, style="bold") if note else Text(HELP, style="dim"),
    )


def watch_until_left(
    watched: Watched, keys: Keys, draw: Callable[[RenderableType], None], strokes: Strokes
) -> None:
    """Draws a fob again and again, and does what the keys say, until one of `LEAVE` or the end of the keys."""
    note = ""
    while True:
        draw(drawing(watched.fob(), note, strokes))
        key = keys.next(FRAME_S)
        if key is None:
            continue
        if key == END or key in LEAVE:
            return
        note = watched.take(key)
