"""What /readyz says of the keys."""

from keyfob_verifier.keys.provider import open_or_make_kek
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.kek_rotation import rotate_kek
from keyfob_verifier.service.signing import present_signer, rewrap_signing_keys


def test_verifier_without_a_kek_that_is_in_use_is_not_ready_and_says_which(context, running, tmp_path):
    assert running.ask("GET", "/readyz").status_code == 200
    new = open_or_make_kek(tmp_path / "new-keys" / "kek.key", None)
    rotate_kek(context, "tester", DEFAULT_TENANT, new, lambda _done, _total: None)
    refused = running.ask("GET", "/readyz")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:keyfob:problem:kek-missing"
    assert new.kek_id in refused.json()["detail"]


def test_verifier_without_the_kek_of_the_signing_key_alone_is_not_ready_and_says_so(
    context, running, tmp_path
):
    stranger = open_or_make_kek(tmp_path / "new-keys" / "kek.key", None)
    with context.store.write() as transaction:
        present_signer(transaction, context.keyring.keks, context.clock.now())
        rewrap_signing_keys(transaction, context.keyring.keks.with_current(stranger))
    refused = running.ask("GET", "/readyz")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:keyfob:problem:kek-missing"
    assert "signs the record's checkpoints" in refused.json()["detail"]
    assert stranger.kek_id in refused.json()["detail"]
