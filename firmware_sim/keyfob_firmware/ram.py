"""The fob's working memory."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Ram:
    """What a loss of power makes it forget.

    Attributes:
        damaged: whether an integrity check failed.
        torn: whether the last start found a torn write.
        stumbles: interrupted starts before the last one.
        typed: on the keypad, so far.
        pin: the right one, kept while a question is awaited whose answer needs it.
        counter: the one that the shown code belongs to.
        answer: the shown response to a question.
    """

    damaged: bool = False
    torn: bool = False
    stumbles: int = 0
    typed: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    counter: int | None = None
    answer: str | None = None
