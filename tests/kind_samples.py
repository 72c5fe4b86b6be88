"""Tokens that a counter or a question moves on, in their holder's hand; their codes are not keyfob's reckoning."""

import hashlib

import pyotp

from attempt_samples import attempt, reason_of
from keyfob import Parameters, Seed
from keyfob.ocra import OcraSuite
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.records import TokenKind
from keyfob_verifier.service import lifecycle, questions
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.verification import verify
from ocra_samples import by_the_rfc

PIN = "1234"
SESSION = b"s"
QUESTION = "12345678"
COUNTED, TIMED, ASKED = (
    "OCRA-1:HOTP-SHA256-8:C-QN08",
    "OCRA-1:HOTP-SHA1-6:QN08-T1M",
    "OCRA-1:HOTP-SHA1-6:QN08",
)


class EnrolledToken:
    """An enrolled token of some kind, pending.

    Args:
        context: the installation.
        wanted: what it is asked to be.
    """

    def __init__(self, context, **wanted):
        self.context = context
        self.enrolment = enrol(
            context, DEFAULT_TENANT, "tester", Application(**{"account": "alice"} | wanted)
        )
        self.serial = self.enrolment.token.serial

    def token(self):
        with self.context.store.read() as transaction:
            return transaction.tokens.get(DEFAULT_TENANT, self.serial)

    def later(self):
        """Lets so much time pass that nothing waits, and no question is open."""
        self.context.clock.advance(seconds=3600)


class CountingToken(EnrolledToken):
    """pyotp's counter token, with the seed that was told at enrolment.

    Its codes have digits enough that of 200 no two are alike by chance; an activation would take neither.
    """

    def __init__(self, context, counter=0, digits=8, **wanted):
        parameters = Parameters(digits=digits)
        super().__init__(context, kind=TokenKind.HOTP, counter=counter, parameters=parameters, **wanted)
        self.code = pyotp.HOTP(self.enrolment.seed, digits=digits).at

    def activate(self, counter):
        return lifecycle.activate(self.context, DEFAULT_TENANT, "tester", self.serial, self.code(counter))

    def resync(self, counter, second=None):
        codes = self.code(counter), self.code(counter + 1 if second is None else second)
        return lifecycle.resync(self.context, DEFAULT_TENANT, "tester", self.serial, codes)

    def reason(self, counter, **named):
        """What becomes of a code, an hour after the last one, so that nothing waits."""
        self.later()
        return reason_of(self, self.code(counter), **named)

    def wrong_code(self):
        last = self.token().drift.last_step
        near = {self.code(counter) for counter in range(last, last + 300)}
        return next(code for code in (f"{n:08}" for n in range(400)) if code not in near)


class AnsweringToken(EnrolledToken):
    """A token with a keypad, which answers questions.

    Attributes:
        counter: of its next answer, where its suite has one.
    """

    def __init__(self, context, suite, counter=0, **wanted):
        self.suite, self.counter = OcraSuite.parse(suite), counter
        pin = None if self.suite.pin_hash is None else PIN
        super().__init__(context, kind=TokenKind.OCRA, suite=self.suite, pin=pin, counter=counter, **wanted)
        self.key = Seed.from_base32(self.enrolment.seed).reveal()

    def ask(self):
        return questions.ask(self.context, DEFAULT_TENANT, "tester", self.serial).question

    def challenge(self, question, session=SESSION):
        return Challenge(question, None if self.suite.session_bytes is None else session)

    def answer(self, question, pin=PIN, session=SESSION, steps_later=0):
        """What it shows, which uses up its counter."""
        suite, counter = self.suite, self.counter
        self.counter += 1
        entered = {"question": question}
        if suite.counter:
            entered["counter"] = counter
        if suite.pin_hash is not None:
            entered["pin_hash"] = hashlib.new(suite.pin_hash.hash_name, pin.encode()).digest()
        if suite.session_bytes is not None:
            entered["session"] = session
        if suite.time_step_s is not None:
            entered["step"] = int(self.context.clock.now() // suite.time_step_s) + steps_later
        return by_the_rfc(self.key, str(suite), **entered)

    def wrong_answer(self, question):
        right = self.answer(question)
        return f"{(int(right) + 1) % 10**self.suite.digits:0{self.suite.digits}}"

    def reason(self, code, question, session=SESSION, **named):
        challenge = self.challenge(question, session)
        (outcome,) = verify(self.context, [attempt(self, code, challenge=challenge, **named)])
        return outcome.reason

    def activate(self):
        """Activates it by the answer to a new question, and gives that answer and question."""
        question = self.ask()
        code, challenge = self.answer(question), self.challenge(question)
        outcome = lifecycle.activate(
            self.context, DEFAULT_TENANT, "tester", self.serial, code, challenge=challenge
        )
        assert outcome.reason == "accepted"
        return code, question

    def resync(self, codes, question, session=SESSION):
        return lifecycle.resync(
            self.context,
            DEFAULT_TENANT,
            "tester",
            self.serial,
            codes,
            challenge=self.challenge(question, session),
        )
