"""The digits as the fob's glass shows them: seven segments each, drawn in three lines of text."""

_SEGMENTS = {
    "0": " _ | ||_|",
    "1": "     |  |",
    "2": " _  _||_ ",
    "3": " _  _| _|",
    "4": "   |_|  |",
    "5": " _ |_  _|",
    "6": " _ |_ |_|",
    "7": " _   |  |",
    "8": " _ |_||_|",
    "9": " _ |_| _|",
}
_ROWS = (slice(0, 3), slice(3, 6), slice(6, 9))
_BETWEEN_DIGITS = " "
_BETWEEN_GROUPS = "   "


def draw_code(code: str) -> str:
    """Three lines, all of the same width, the digits in the groups that people read them in."""
    groups = [[_SEGMENTS[digit] for digit in group] for group in group_digits(code)]
    return "\n".join(
        _BETWEEN_GROUPS.join(_BETWEEN_DIGITS.join(cell[row] for cell in cells) for cells in groups)
        for row in _ROWS
    )


def group_digits(code: str) -> list[str]:
    """The code in two halves, the longer one first."""
    middle = (len(code) + 1) // 2
    return [code[:middle], code[middle:]]
