import re

import pytest

from keyfob import Seed, hotp
from keyfob.ocra import OcraSuite, ocra
from keyfob_verifier.access import BUILT_IN_ROLES, Permission, Role
from keyfob_verifier.console.words import REFUSED
from keyfob_verifier.records import TokenKind
from keyfob_verifier.service import people, questions
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.verification import Attempt, verify

ACTIONS = {
    "activate": Permission.TOKENS_ENROL,
    "resync": Permission.TOKENS_RESYNC,
    "revoke": Permission.TOKENS_REVOKE,
}
READ = {
    "/tokens": Permission.TOKENS_READ,
    "/tokens/KF-NEW": Permission.TOKENS_READ,
    "/tokens/KF-NEW/revoke": Permission.TOKENS_REVOKE,
    "/api-keys": Permission.ACCESS_READ,
    "/people": Permission.ACCESS_READ,
}


def status_of(context, serial):
    with context.store.read() as transaction:
        return transaction.tokens.get(DEFAULT_TENANT, serial).status.value


def two_codes(fob):
    return {"first_code": fob.code(), "second_code": fob.code(1)}


def recorded(context, serial):
    with context.store.read() as transaction:
        entry = transaction.audit.latest(DEFAULT_TENANT, serial, 1)[0]
    return entry.actor, entry.action, entry.outcome


def actions_of(answered):
    return set(re.findall(r'(?:action|href)="/console/tokens/[^"/]+/(\w+)"', answered.text))


def test_activation_by_the_first_code(context, signed_in, hold):
    alice, new = signed_in(), hold(serial="KF-NEW")
    answered = alice.browser.send_own("/tokens/KF-NEW/activate", code=new.code())
    assert "The token is active." in answered.text
    assert status_of(context, "KF-NEW") == "active"
    assert recorded(context, "KF-NEW") == ("person:alice", "activate", "accepted")


def test_resync_by_two_codes(context, signed_in, active, clock):
    alice, strayed = signed_in(), active(serial="KF-OLD")
    clock.advance(seconds=300)
    answered = alice.browser.send_own("/tokens/KF-OLD/resync", **two_codes(strayed))
    assert "clock or counter was found again" in answered.text
    assert recorded(context, "KF-OLD") == ("person:alice", "resync", "accepted")


def test_revocation_asks_first(context, signed_in, hold):
    alice = signed_in()
    hold(serial="KF-NEW")
    asked = alice.browser.get("/tokens/KF-NEW/revoke")
    assert "cannot be undone" in asked.text
    assert status_of(context, "KF-NEW") == "pending"
    assert "The token is revoked." in alice.browser.send_own("/tokens/KF-NEW/revoke").text
    assert status_of(context, "KF-NEW") == "revoked"
    assert actions_of(alice.browser.get("/tokens/KF-NEW")) == set()


def test_refused_codes_are_told_with_their_reason_to_who_may_diagnose(context, signed_in, active):
    alice, fob = signed_in(), active(serial="KF-OLD")
    answered = alice.browser.send_own(
        "/tokens/KF-OLD/resync", first_code=fob.wrong_code(), second_code=fob.wrong_code()
    )
    assert answered.status_code == 422
    assert f"{REFUSED} The reason: wrong code." in answered.text


def test_refused_codes_are_told_without_a_reason_to_others(signed_in, active):
    paul, fob = signed_in("provisioner", "paul"), active(serial="KF-OLD")
    wrong = {"first_code": fob.wrong_code(), "second_code": fob.wrong_code()}
    answers = [paul.browser.send_own("/tokens/KF-OLD/resync", **wrong) for _ in range(2)]
    assert all(REFUSED in answered.text and "The reason" not in answered.text for answered in answers)


def test_own_token_is_resynchronized_by_anybody_who_is_signed_in(context, signed_in, clock):
    vera = signed_in("validator", "vera")
    assert vera.browser.get("/my-token").status_code == 200
    first, second = two_codes(vera.fob).values()
    answered = vera.browser.send_own("/my-token/resync", first_code=first, second_code=second)
    assert answered.url.path == "/console/my-token"
    assert "clock or counter was found again" in answered.text
    assert recorded(context, "KF-VERA") == ("person:vera", "resync", "accepted")


def test_codes_of_a_resync_are_no_login_and_used_up(context, signed_in, clock):
    vera = signed_in("validator", "vera")
    first, second = two_codes(vera.fob).values()
    vera.browser.send_own("/my-token/resync", first_code=first, second_code=second)
    clock.advance(seconds=30)
    attempt = Attempt(DEFAULT_TENANT, "tester", "KF-VERA", second, clock.now())
    assert verify(context, [attempt])[0].reason == "replayed"


def test_own_token_page_touches_nobody_elses_token(context, signed_in, active):
    vera, other = signed_in("validator", "vera"), active(serial="KF-OLD")
    answered = vera.browser.send_own("/my-token/resync", serial="KF-OLD", **two_codes(other))
    assert answered.status_code == 422
    assert recorded(context, "KF-OLD") == ("tester", "activate", "accepted")


@pytest.mark.parametrize("form_token", ["", "0" * 64, None])
@pytest.mark.parametrize("path", ["/tokens/KF-NEW/revoke", "/my-token/resync", "/sign-out"])
def test_form_without_this_sessions_token_is_refused(context, signed_in, hold, path, form_token):
    alice = signed_in()
    hold(serial="KF-NEW")
    fields = two_codes(alice.fob) | ({} if form_token is None else {"form_token": form_token})
    answered = alice.browser.send(path, fields)
    assert answered.status_code == 403
    assert "not of your present session" in answered.text
    assert status_of(context, "KF-NEW") == "pending"
    assert recorded(context, "KF-ALICE")[1] == "sign-in"


def test_form_token_of_another_session_is_refused(signed_in, hold, context):
    alice, bob = signed_in(), signed_in("admin", "bob")
    hold(serial="KF-NEW")
    answered = alice.browser.send("/tokens/KF-NEW/revoke", {"form_token": bob.browser.form_token()})
    assert answered.status_code == 403
    assert status_of(context, "KF-NEW") == "pending"


def test_form_from_another_sites_page_is_refused_even_with_the_token(signed_in, hold, context):
    alice = signed_in()
    hold(serial="KF-NEW")
    fields = {"form_token": alice.browser.form_token()}
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        answered = alice.browser.send("/tokens/KF-NEW/revoke", fields, headers=foreign)
        assert answered.status_code == 403
    assert status_of(context, "KF-NEW") == "pending"


@pytest.mark.parametrize("role", [*BUILT_IN_ROLES, "reviser"])
def test_every_role_sees_what_it_may_and_is_refused_the_rest(context, signed_in, hold, role):
    own = Role("reviser", frozenset({Permission.TOKENS_READ, Permission.TOKENS_REVOKE}))
    with context.store.write() as transaction:
        transaction.roles.add(DEFAULT_TENANT, own, context.clock.now())
    permissions = {**BUILT_IN_ROLES, "reviser": own.permissions}[role]
    somebody = signed_in(role, "somebody")
    hold(serial="KF-NEW")
    for page, permission in READ.items():
        assert somebody.browser.get(page).status_code == (200 if permission in permissions else 403), page
    menu = somebody.browser.get("/").text
    assert ('href="/console/tokens"' in menu) == (Permission.TOKENS_READ in permissions)
    assert ('href="/console/people"' in menu) == (Permission.ACCESS_READ in permissions)
    if Permission.TOKENS_READ in permissions:
        shown = actions_of(somebody.browser.get("/tokens/KF-NEW"))
        assert shown == {
            name for name, permission in ACTIONS.items() if name != "resync" and permission in permissions
        }
    for action, permission in ACTIONS.items():
        answered = somebody.browser.send_own(f"/tokens/KF-NEW/{action}", code="000000")
        assert (answered.status_code == 403) == (permission not in permissions), action


def test_auditor_sees_the_record_and_no_buttons(context, signed_in, active, hold):
    audrey = signed_in("auditor", "audrey")
    active(serial="KF-OLD")
    shown = audrey.browser.get("/tokens/KF-OLD")
    assert "Newest entries of the record" in shown.text
    assert actions_of(shown) == set()
    assert "Your role does not allow this." in audrey.browser.send_own("/tokens/KF-OLD/revoke").text
    assert status_of(context, "KF-OLD") == "active"


def test_provisioner_does_not_see_the_record_or_who_is_locked(signed_in, active):
    paul = signed_in("provisioner", "paul")
    active(serial="KF-OLD")
    assert "of the record" not in paul.browser.get("/tokens/KF-OLD").text
    overview = paul.browser.get("/").text
    assert "Newest refusals" not in overview
    assert "Locked tokens" not in overview


def test_disabled_person_is_out_at_once(context, signed_in):
    alice = signed_in()
    people.disable(context, DEFAULT_TENANT, "tester", "alice")
    assert alice.browser.get("/").url.path == "/console/sign-in"


def test_token_that_answers_questions_is_asked_for_one(context, signed_in):
    suite = OcraSuite.parse("OCRA-1:HOTP-SHA1-6:C-QN08")
    wanted = Application(account="alice", serial="KF-ASK", kind=TokenKind.OCRA, suite=suite)
    told = enrol(context, DEFAULT_TENANT, "tester", wanted)
    key = Seed.from_base32(told.seed).reveal()
    alice = signed_in()
    page = alice.browser.get("/tokens/KF-ASK").text
    assert 'name="question"' in page
    assert "OCRA-1:HOTP-SHA1-6:C-QN08" in page
    assert "Drift" not in page
    code = ocra(key, suite, question="4711", counter=0)
    malformed = alice.browser.send_own("/tokens/KF-ASK/activate", code=code, question="abc")
    assert (malformed.status_code, "numeric characters" in malformed.text) == (422, True)
    silent = alice.browser.send_own("/tokens/KF-ASK/activate", code=code)
    assert (silent.status_code, "say which one its code answers" in silent.text) == (422, True)
    answered = alice.browser.send_own("/tokens/KF-ASK/activate", code=code, question="4711")
    assert "The token is active." in answered.text
    assert "1 or more" in alice.browser.get("/tokens/KF-ASK").text
    assert "KF-ASK" in alice.browser.get("/tokens").text


@pytest.fixture
def counting(context):
    """Enrols a counter token with serial KF-COUNT; its codes by their counter."""
    told = enrol(
        context, DEFAULT_TENANT, "tester", Application("bob", serial="KF-COUNT", kind=TokenKind.HOTP)
    )
    return lambda counter: hotp(Seed.from_base32(told.seed).reveal(), counter)


def test_counter_token_shows_its_counter_and_is_found_again(signed_in, counting):
    alice = signed_in()
    assert (
        "The token is active." in alice.browser.send_own("/tokens/KF-COUNT/activate", code=counting(0)).text
    )
    found = {"first_code": counting(40), "second_code": counting(41)}
    answered = alice.browser.send_own("/tokens/KF-COUNT/resync", **found)
    assert "clock or counter was found again" in answered.text
    assert "42 or more" in answered.text
    assert "Drift" not in answered.text
    assert 'name="question"' not in answered.text
    row = re.search(r"KF-COUNT</a>.*?</tr>", alice.browser.get("/tokens").text, re.DOTALL)[0]
    assert "<td>hotp</td>" in row
    assert "ppm" not in row


def test_question_for_a_counter_token_is_told_to_be_none(signed_in, counting):
    answered = signed_in().browser.send_own("/tokens/KF-COUNT/activate", code=counting(0), question="1")
    assert (answered.status_code, "only an ocra token answers questions" in answered.text) == (409, True)


def test_token_without_clock_and_counter_offers_no_resync(context, signed_in):
    suite = OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN08")
    told = enrol(
        context,
        DEFAULT_TENANT,
        "tester",
        Application("carol", serial="KF-ASK", kind=TokenKind.OCRA, suite=suite),
    )
    alice = signed_in()
    unasked = alice.browser.send_own("/tokens/KF-ASK/activate", code="123456", question="12345678")
    assert (unasked.status_code, "ask a new one" in unasked.text) == (409, True)
    question = questions.ask(context, DEFAULT_TENANT, "tester", "KF-ASK").question
    code = ocra(Seed.from_base32(told.seed).reveal(), suite, question=question)
    answered = alice.browser.send_own("/tokens/KF-ASK/activate", code=code, question=question)
    assert "The token is active." in answered.text
    assert "resync" not in actions_of(answered)
    forced = alice.browser.send_own("/tokens/KF-ASK/resync", first_code="1", second_code="2", question="1")
    assert (forced.status_code, "neither clock nor counter" in forced.text) == (409, True)
