"""An opened token's codes by what moves them on: time steps, counters, or nothing but the question."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from keyfob import Seed
from keyfob.ocra import OcraSuite, ocra
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.resync import Find, step_by_step
from keyfob_verifier.ocra_secrets import parted
from keyfob_verifier.records import Token, TokenKind
from keyfob_verifier.service.finding import finder

CodeAt = Callable[[int], str]

MIN_COUNTED_TIME_STEP_S = 30
"""The shortest time step of a suite with a counter: the steps beside the verifier's own are tried, and no others."""


class Codes:
    """A token's codes, counted as they are computed.

    Args:
        code_at: gives the code of a time step or counter.
    """

    __slots__ = ("_code_at", "computed")

    def __init__(self, code_at: CodeAt) -> None:
        self._code_at, self.computed = code_at, 0

    def __call__(self, step: int) -> str:
        """The code of a time step or counter."""
        self.computed += 1
        return self._code_at(step)


def fill_up(ways: Sequence[Codes], least: int) -> None:
    """Computes codes for nothing, until there were `least` of them, or that doubled and doubled again."""
    computed = sum(way.computed for way in ways)
    while least < computed:
        least *= 2
    for _ in range(computed, least):
        ways[0](0)


def codes_of(secret: Seed, token: Token, challenge: Challenge | None, at: float) -> list[Codes]:
    """The codes of an opened token by its moving factor; one way, or several for a suite with counter and time.

    Args:
        secret: as `Context.opened` gives it.
        token: whose it is.
        challenge: what it was asked, if it answers questions.
        at: the verifier's Unix time, which such a suite's time is tried around.

    Raises:
        OcraInputError: there is no such answer: session information is missing, not wanted, or too long.
        MalformedQuestionError: the question is none of the token's suite.
    """
    if token.kind is not TokenKind.OCRA or challenge is None:
        return [Codes(secret.codes(token.parameters))]
    suite = token.ocra_suite
    key, pin_hash = parted(secret, suite)
    respond = partial(
        ocra, key, suite, question=challenge.question, session=challenge.session, pin_hash=pin_hash
    )
    return [Codes(way) for way in _ways(respond, suite, at)]


def find_in(ways: Sequence[CodeAt]) -> Find:
    """Finds a code in any of several ways."""
    finds = [step_by_step(way) for way in ways]
    return lambda code, first, last: sorted(set(chain.from_iterable(f(code, first, last) for f in finds)))


def token_finder(secret: Seed, token: Token, challenge: Challenge | None, at: float) -> Find:
    """What finds codes over a wide range. Arguments and errors are those of `codes_of`."""
    if token.kind is TokenKind.OCRA:
        return find_in(codes_of(secret, token, challenge, at))
    return finder(secret, token.parameters)


def _ways(respond: Callable[..., str], suite: OcraSuite, at: float) -> list[CodeAt]:
    if suite.counter and suite.time_step_s is not None:
        now = int(at // suite.time_step_s)
        return [_by_counter(partial(respond, step=step)) for step in range(max(now - 1, 0), now + 2)]
    if suite.counter:
        return [_by_counter(respond)]
    if suite.time_step_s is not None:
        return [lambda step: respond(step=step)]
    return [lambda _answer: respond()]


def _by_counter(respond: Callable[..., str]) -> CodeAt:
    return lambda counter: respond(counter=counter)
