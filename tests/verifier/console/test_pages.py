import re

import pytest
from sqlalchemy import text

from databases import connected
from keyfob_verifier.api.edge import PAGE_POLICY
from keyfob_verifier.console.tokens import PAGE
from keyfob_verifier.records import AuditEntry, Tenant
from keyfob_verifier.service import lifecycle, support
from keyfob_verifier.service.data_keys import add_data_key
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT
from support_samples import report_of

PAGES = ["/", "/tokens", "/tokens/KF-ALICE", "/tokens/KF-ALICE/revoke", "/my-token", "/api-keys", "/people"]


def text_of(answered):
    return " ".join(re.sub(r"<[^>]+>", " ", answered.text).split())


def serials(answered):
    return re.findall(r'<th scope="row"><a href="/console/tokens/([^"]+)"', answered.text)


@pytest.mark.parametrize("page", PAGES)
def test_admin_sees_every_page(signed_in, page):
    answered = signed_in().browser.get(page)
    assert answered.status_code == 200
    assert answered.text.count("<h1>") == 1


@pytest.mark.parametrize("page", [*PAGES, "/sign-in", "/nothing", "/static/console.js"])
def test_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own(signed_in, page):
    answered = signed_in().browser.get(page)
    assert answered.headers["content-security-policy"] == PAGE_POLICY.decode()
    assert "unsafe" not in answered.headers["content-security-policy"]
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["referrer-policy"] == "same-origin"
    assert answered.headers["cache-control"] == "no-store"
    if page.endswith(".js"):
        return
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", answered.text)
    assert re.findall(r"<script[^>]*>.+?</script>", answered.text) == []
    assert all(link.startswith(("/console", "#")) or not link for link in links(answered))


def links(answered):
    return re.findall(r'(?:href|src|action)="([^"]*)"', answered.text)


def test_everything_that_a_page_loads_is_there(signed_in):
    browser = signed_in().browser
    files = {link for link in links(browser.get("/")) if "/static/" in link}
    assert len(files) == 3
    for file in [*files, "/console/static/times.js", "/console/static/idle.js"]:
        answered = browser.ask("GET", file)
        assert answered.status_code == 200
        expected = {"js": "javascript", "css": "css", "svg": "svg"}[file.rpartition(".")[2]]
        assert expected in answered.headers["content-type"]


def test_every_field_has_a_label_and_every_table_headings(signed_in, active, hold):
    browser = signed_in().browser
    hold(serial="KF-NEW")
    for page in [*PAGES, "/tokens/KF-NEW", "/sign-in"]:
        written = browser.get(page).text
        for field in re.findall(r"<input(?![^>]*hidden)[^>]*>", written):
            assert re.search(rf"<label>[^<]+{re.escape(field)}", written), (page, field)
        assert written.count("<table>") == written.count("<thead>")
        assert 'lang="en"' in written


def test_overview_counts_tokens_and_shows_what_needs_attention(context, signed_in, active, hold, clock):
    alice, locked = signed_in(), active(serial="KF-LOCKED")
    hold(serial="KF-PENDING")
    lifecycle.revoke(context, DEFAULT_TENANT, "tester", active(serial="KF-GONE").serial)
    support.add(context, DEFAULT_TENANT, "tester", "KF-PENDING", report_of("KF-PENDING"))
    for _ in range(10):
        lifecycle.resync(context, DEFAULT_TENANT, "tester", locked.serial, ("000000", "000001"))
        clock.advance(seconds=301)
        alice.browser.get("/")
    shown = text_of(alice.browser.get("/"))
    assert "1 pending 2 active 0 resync-required 1 revoked" in shown
    assert re.search(r"Locked tokens KF-LOCKED from places where it was not used before, for \d+ min", shown)
    assert "Open support records KF-PENDING number 1" in shown
    assert shown.index("KF-LOCKED resync wrong code tester") > shown.index("Newest refusals")


def test_empty_overview_says_that_there_is_nothing(signed_in):
    assert text_of(signed_in().browser.get("/")).count("None") == 3


def test_token_page_shows_state_drift_and_the_record(signed_in):
    alice = signed_in()
    shown = text_of(alice.browser.get("/tokens/KF-ALICE"))
    assert "alice@example.org" in shown
    assert re.search(r"Offset [+−]\d+\.\d+ s ± \d+\.\d+ s Rate [+−]\d+\.\d+ ppm ± \d+\.\d+ ppm", shown)
    assert "validate accepted person:alice" in shown
    assert "2027-01-15 08:01:00 UTC" in shown


def test_list_is_paged_by_serial(signed_in, hold):
    browser = signed_in().browser
    for number in range(PAGE + 1):
        hold(serial=f"KF-{number:03}")
    first = browser.get("/tokens")
    next_page = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = browser.ask("GET", next_page)
    assert serials(first) == [f"KF-{number:03}" for number in range(PAGE)]
    assert serials(second) == [f"KF-{PAGE:03}", "KF-ALICE"]
    assert "First page" in second.text
    assert 'rel="next"' not in second.text


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("kf-a", ["KF-ALICE"]),
        ("ALICE@", ["KF-ALICE"]),
        ("bob", ["X-1"]),
        ("", ["KF-ALICE", "X-1", "X_2"]),
        ("X_", ["X_2"]),
        ("%", []),
        ("\x00", []),
    ],
)
def test_search_finds_beginnings_of_serial_and_account(signed_in, hold, search, found):
    browser = signed_in().browser
    hold(serial="X-1", account="Bob")
    hold(serial="X_2", account="carol")
    assert serials(browser.get("/tokens", params={"search": search})) == found


def test_what_others_typed_is_escaped(context, signed_in, hold):
    browser = signed_in().browser
    attack = "<script>alert(1)</script>\"'"
    hold(serial="KF-X", account=attack, issuer=attack)
    with context.store.write() as transaction:
        transaction.audit.append(
            DEFAULT_TENANT, [AuditEntry(context.clock.now(), attack, "validate", "KF-X", "wrong")]
        )
    for page in ("/tokens", "/tokens/KF-X", "/", "/tokens/KF-X/revoke", f"/tokens?search={attack}"):
        written = browser.get(page).text
        assert "&lt;script&gt;" in written
        assert "<script>alert" not in written


def test_token_of_another_tenant_is_not_there(context, signed_in):
    with context.store.write() as transaction:
        transaction.tenants.add(Tenant("other", "other", context.clock.now()))
        add_data_key(context, transaction, "other", context.clock.now())
    enrol(context, "other", "tester", Application(account="mallory", serial="KF-OTHER"))
    alice = signed_in()
    foreign, missing = alice.browser.get("/tokens/KF-OTHER"), alice.browser.get("/tokens/KF-NONE")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace("KF-OTHER", "KF-NONE") == missing.text
    for action in ("activate", "resync", "revoke"):
        assert alice.browser.send_own(f"/tokens/KF-OTHER/{action}", code="000000").status_code == 404
    assert alice.browser.get("/tokens/KF-OTHER/revoke").status_code == 404
    assert "KF-OTHER" not in alice.browser.get("/tokens").text
    with context.store.read() as transaction:
        assert transaction.tokens.get("other", "KF-OTHER").status == "pending"


def test_keys_and_people_are_listed_without_what_proves_them(context, signed_in, api_key):
    alice = signed_in()
    keys, people = alice.browser.get("/api-keys").text, text_of(alice.browser.get("/people"))
    key_id, secret = api_key.split("_")[1:]
    assert key_id in keys
    assert secret not in keys
    assert "alice admin KF-ALICE may sign in" in people
    assert "argon2" not in people


@pytest.mark.parametrize(
    "page", ["/nothing", "/tokens/a%20b", "/tokens/KF-ALICE/nothing", "/static/nothing.js"]
)
def test_what_is_not_there_is_a_page_that_says_so(signed_in, page):
    answered = signed_in().browser.get(page)
    assert answered.status_code == 404
    if "static" not in page:
        assert "There is nothing here." in answered.text


def test_fault_is_a_page_that_tells_nothing(signed_in, hold, database_url):
    browser = signed_in().browser
    hold(serial="KF-NEW")
    with connected(database_url) as connection:
        connection.execute(text("UPDATE tokens SET algorithm = 'MD4' WHERE serial = 'KF-NEW'"))
    answered = browser.get("/tokens/KF-NEW")
    assert answered.status_code == 500
    assert "keyfob failed; its log says where." in answered.text
    assert "altered" not in answered.text
