"""Displays to test with: any screen at all, with any segments dead."""

from hypothesis import strategies as st

from keyfob_firmware.display import BAR_PARTS, CELL_COUNTS, SEGMENTS, Icon, Screen, lit

SHOWABLE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz -_"


def screens():
    return st.builds(
        Screen,
        cells=st.text(SHOWABLE, min_size=CELL_COUNTS[0], max_size=CELL_COUNTS[-1]),
        bar=st.integers(0, BAR_PARTS),
        icons=st.frozensets(st.sampled_from(Icon)),
    )


def dead_segments():
    return st.frozensets(st.tuples(st.integers(0, CELL_COUNTS[-1] - 1), st.sampled_from(SEGMENTS)))


def displays():
    """What lights of any screen on any display, sound or not."""
    return st.builds(lit, screens(), dead_segments())
