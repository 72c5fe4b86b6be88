"""What /readyz says of the keys."""

from keyfob_verifier.keys.provider import open_or_make_kek
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.kek_rotation import rotate_kek


def test_verifier_without_a_kek_that_is_in_use_is_not_ready_and_says_which(context, running, tmp_path):
    assert running.ask("GET", "/readyz").status_code == 200
    new = open_or_make_kek(tmp_path / "new-keys" / "kek.key", None)
    rotate_kek(context, "tester", DEFAULT_TENANT, new, lambda _done, _total: None)
    refused = running.ask("GET", "/readyz")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:keyfob:problem:kek-missing"
    assert new.kek_id in refused.json()["detail"]
