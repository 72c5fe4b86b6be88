import base64
import copy
import dataclasses
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Binding, Parameters, SealedSeed, SealingKey, Seed, hotp
from keyfob.errors import CounterRangeError, InvalidSeedError, UnsealError
from keyfob.seed import MAX_KEY_ID_BYTES, MAX_SEED_BYTES, MIN_SEED_BYTES

VECTORS = Path(__file__).parents[1] / "vectors"
SEALED_V1 = json.loads((VECTORS / "sealed_seed_v1.json").read_text(encoding="utf-8"))

SECRET = bytes(range(100, 120))
KEY_SECRET = bytes(range(32))
KEY = SealingKey("key-1", KEY_SECRET)
BINDING = Binding("tenant", "token", Parameters())
SEALED = SealedSeed.seal(Seed(SECRET), BINDING, KEY)

seeds = st.binary(min_size=MIN_SEED_BYTES, max_size=MAX_SEED_BYTES)


def open_blob(blob, binding=BINDING, key=KEY):
    with SealedSeed.from_bytes(blob).open(binding, key) as seed:
        return seed.reveal()


def refusal_to_open(blob, binding=BINDING, key=KEY):
    with pytest.raises(UnsealError) as refusal:
        open_blob(blob, binding, key)
    return str(refusal.value), refusal.value.args, vars(refusal.value)


NOTHING_MORE_IS_TOLD = (str(UnsealError()), UnsealError().args, {})


@pytest.mark.parametrize("length", [MIN_SEED_BYTES, MAX_SEED_BYTES])
def test_the_shortest_and_the_longest_seed_are_taken(length):
    assert Seed(bytes(length)).reveal() == bytes(length)


@pytest.mark.parametrize("length", [0, 1, MIN_SEED_BYTES - 1, MAX_SEED_BYTES + 1, 2**20])
def test_a_seed_of_another_length_is_refused(length):
    with pytest.raises(InvalidSeedError):
        Seed(bytes(length))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_new_seed_is_as_long_as_the_hash(algorithm):
    seed = Seed.generate(algorithm)
    assert len(seed.reveal()) == algorithm.digest_bytes
    assert seed != Seed.generate(algorithm)


def test_a_new_seed_comes_from_the_randomness_handed_in():
    assert Seed.generate(Algorithm.SHA256, lambda count: b"r" * count).reveal() == b"r" * 32


@given(seeds)
def test_base32_goes_both_ways(secret):
    text = Seed(secret).to_base32()
    assert text == base64.b32encode(secret).decode().rstrip("=")
    assert Seed.from_base32(text).reveal() == secret


@given(seeds, st.data())
def test_base32_is_read_as_people_write_it(secret, data):
    text = base64.b32encode(secret).decode()
    if data.draw(st.booleans(), "without padding"):
        text = text.rstrip("=")
    if data.draw(st.booleans(), "lower case"):
        text = text.lower()
    group = data.draw(st.integers(3, 8), "group")
    gap = data.draw(st.sampled_from([" ", "-", "\n", "\t", " - "]), "gap")
    assert (
        Seed.from_base32(f" {gap.join(text[i : i + group] for i in range(0, len(text), group))}\r\n").reveal()
        == secret
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" - ", "it is empty"),
        ("=" * 8, "padding"),
        ("AE", "it has 1 bytes"),
        ("A", "not base32"),
        ("JBSWY3DPEHPK3PX0", "not base32"),
        ("JBSWY3DPEHPK3PX1", "not base32"),
        ("JBSWY3DPEHPK3PX!", "not base32"),
        ("JBSWY3DP=EHPK3PXP", "not base32"),
        ("JBSWY3DPEHPK3PXPA", "not base32"),
        ("ＪＢＳＷＹ３ＤＰＥＨＰＫ３ＰＸＰ", "not base32"),
        ("JB\u017fWY3DPEHPK3PXP", "not base32"),
        ("JBSWY3DPEHPK3PX\u0131", "not base32"),
        ("JBSWY3DPEHPK3P\u00df", "not base32"),
        ("JBSWY3DPEHPK3PXP\0", "not base32"),
        ("JBSWY3DPEHPK3PXPEE=====", "padding"),
        ("JBSWY3DPEHPK3PXPEE=======", "padding"),
        ("JBSWY3DPEHPK3PXP========", "padding"),
        ("JBSWY3DPEHPK3PXPEF", "stray bits"),
        ("JBSWY3DPEHPK3PXPEF======", "stray bits"),
        ("A" * 2**20, "1048576 characters"),
        ("\u00e9" * 2**20, "1048576 characters"),
    ],
    ids=lambda value: ascii(value[:30]),
)
def test_what_is_not_base32_is_refused_with_its_reason(text, reason):
    with pytest.raises(InvalidSeedError) as refusal:
        Seed.from_base32(text)
    assert reason in refusal.value.reason


@given(st.text(max_size=60))
def test_any_text_is_a_seed_or_is_refused(text):
    try:
        seed = Seed.from_base32(text)
    except InvalidSeedError:
        return
    assert Seed.from_base32(seed.to_base32()) == seed


def test_a_seed_gives_the_codes_of_its_secret():
    parameters = Parameters(Algorithm.SHA256, digits=8)
    assert Seed(SECRET).code(7, parameters) == hotp(SECRET, 7, parameters)
    with pytest.raises(CounterRangeError):
        Seed(SECRET).code(-1, parameters)


def test_a_wiped_seed_holds_nothing_and_does_nothing():
    seed = Seed(SECRET)
    held = seed._bytes
    seed.wipe()
    assert (seed.reveal(), held) == (b"", bytearray())
    with pytest.raises(InvalidSeedError):
        seed.code(0, Parameters())
    with pytest.raises(InvalidSeedError):
        seed.to_base32()
    with pytest.raises(InvalidSeedError):
        SealedSeed.seal(seed, BINDING, KEY)


def test_a_seed_does_not_share_the_buffer_it_was_made_of():
    buffer = bytearray(SECRET)
    seed = Seed(buffer)
    buffer[:] = bytes(len(buffer))
    assert seed.reveal() == SECRET


def test_secrets_equal_only_their_own_kind():
    assert Seed(SECRET) == Seed(bytearray(SECRET))
    assert Seed(SECRET) != Seed(SECRET[::-1])
    assert Seed(SECRET) != SECRET
    assert Seed(KEY_SECRET) != SealingKey("k", KEY_SECRET)


@pytest.mark.parametrize("secret", [Seed(SECRET), KEY], ids=["Seed", "SealingKey"])
@pytest.mark.parametrize(
    "leak", [pickle.dumps, copy.copy, copy.deepcopy, hash], ids=lambda leak: leak.__name__
)
def test_a_secret_is_not_pickled_copied_or_hashed(secret, leak, assert_silent):
    with pytest.raises(TypeError) as refusal:
        leak(secret)
    assert_silent(refusal.value, secret.reveal())


def test_no_text_made_of_a_secret_tells_it(assert_silent):
    seed = Seed(SECRET)
    for said in (seed, KEY, SEALED, BINDING, [seed, KEY], {"seed": seed}, dataclasses.asdict(SEALED)):
        for text in (repr(said), str(said), f"{said!s:.5000}"):
            assert_silent(text, SECRET)
            assert_silent(text, KEY_SECRET)
    assert_silent(pickle.dumps(SEALED, protocol=0).decode("latin-1"), SECRET)
    assert_silent(SEALED.to_bytes().decode("latin-1"), SECRET)


def test_no_error_tells_a_secret(assert_silent):
    text = base64.b32encode(SECRET).decode()
    calls = (
        lambda: Seed(SECRET * 100),
        lambda: Seed.from_base32(text + "1"),
        lambda: Seed.from_base32(text + "A"),
        lambda: Seed.from_base32(text + "="),
        lambda: Seed.from_base32(text[:-1] + "EF"),
        lambda: Seed.from_base32(text * 100),
        lambda: Seed(SECRET).code(-1, Parameters()),
        lambda: open_blob(SEALED.to_bytes()[:-1]),
        lambda: SealingKey("key", SECRET),
    )
    for call in calls:
        with pytest.raises((InvalidSeedError, UnsealError, CounterRangeError, ValueError)) as refusal:
            call()
        assert_silent(refusal.value, SECRET)


def test_an_error_in_the_block_tells_nothing_of_the_seed(assert_silent):
    with pytest.raises(ZeroDivisionError) as failure, SEALED.open(BINDING, KEY) as seed:
        _ = 1 / int(seed is None)
    assert_silent(failure.value, SECRET)
    assert_silent(failure.value, KEY_SECRET)


@given(seeds, st.text(max_size=20), st.text(max_size=20), st.binary(min_size=32, max_size=32))
def test_what_was_sealed_opens_as_it_was(secret, owner_id, token_id, key_secret):
    key = SealingKey.generate(lambda count: key_secret[:count])
    binding = Binding(owner_id, token_id, Parameters(Algorithm.SHA256, t0_s=-1))
    blob = SealedSeed.seal(Seed(secret), binding, key).to_bytes()
    assert SealedSeed.from_bytes(blob).to_bytes() == blob
    assert open_blob(blob, binding, key) == secret


def test_format_1_is_fixed_to_the_byte():
    v = SEALED_V1
    key = SealingKey(v["key_id"], bytes.fromhex(v["key_hex"]))
    parameters = Parameters(Algorithm[v["algorithm"]], v["digits"], v["time_step_s"], v["t0_s"])
    binding = Binding(v["owner_id"], v["token_id"], parameters)
    seed = Seed(bytes.fromhex(v["seed_hex"]))
    assert binding.associated_data(key.key_id).hex() == v["associated_data_hex"]
    sealed = SealedSeed.seal(seed, binding, key, lambda _: bytes.fromhex(v["nonce_hex"]))
    assert sealed.to_bytes().hex() == v["sealed_hex"]
    assert open_blob(bytes.fromhex(v["sealed_hex"]), binding, key) == seed.reveal()


def test_no_two_seals_are_alike():
    assert len({SealedSeed.seal(Seed(SECRET), BINDING, KEY).nonce for _ in range(100)}) == 100


OTHERS = {
    "key": (BINDING, SealingKey("key-1", bytes(32))),
    "key, by one bit": (BINDING, SealingKey("key-1", bytes([KEY_SECRET[0] ^ 1]) + KEY_SECRET[1:])),
    "owner": (dataclasses.replace(BINDING, owner_id="tenanT"), KEY),
    "token": (dataclasses.replace(BINDING, token_id="token2"), KEY),
    "owner and token, split elsewhere": (Binding("tenantt", "oken", Parameters()), KEY),
    "owner and token, swapped": (Binding("token", "tenant", Parameters()), KEY),
    "algorithm": (dataclasses.replace(BINDING, parameters=Parameters(Algorithm.SHA256)), KEY),
    "digits": (dataclasses.replace(BINDING, parameters=Parameters(digits=7)), KEY),
    "time step": (dataclasses.replace(BINDING, parameters=Parameters(time_step_s=60)), KEY),
    "T0": (dataclasses.replace(BINDING, parameters=Parameters(t0_s=1)), KEY),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_seed_opens_for_nothing_else(other):
    assert refusal_to_open(SEALED.to_bytes(), *OTHERS[other]) == NOTHING_MORE_IS_TOLD


def test_a_single_flipped_bit_anywhere_is_found():
    blob = SEALED.to_bytes()
    for bit in range(8 * len(blob)):
        altered = bytearray(blob)
        altered[bit // 8] ^= 1 << bit % 8
        assert refusal_to_open(bytes(altered)) == NOTHING_MORE_IS_TOLD, f"bit {bit}"


def test_every_truncation_is_found():
    blob = SEALED.to_bytes()
    for length in range(len(blob)):
        assert refusal_to_open(blob[:length]) == NOTHING_MORE_IS_TOLD, f"{length} bytes"


def test_a_blob_too_short_for_its_parts_is_not_even_taken_apart():
    blob = SEALED.to_bytes()
    shortest = len(blob) - len(SECRET)
    assert SealedSeed.from_bytes(blob[:shortest]).key_id == KEY.key_id
    for length in range(shortest):
        with pytest.raises(UnsealError):
            SealedSeed.from_bytes(blob[:length])


@given(st.binary(max_size=120))
def test_other_bytes_do_not_open(blob):
    assert refusal_to_open(blob) == NOTHING_MORE_IS_TOLD
    assert refusal_to_open(SEALED.to_bytes() + blob[:1] + b"x") == NOTHING_MORE_IS_TOLD


@pytest.mark.parametrize("nonce", [b"", b"short", bytes(500)])
def test_a_nonce_of_another_length_does_not_open(nonce):
    with pytest.raises(UnsealError), dataclasses.replace(SEALED, nonce=nonce).open(BINDING, KEY):
        pass


def test_the_seed_is_wiped_after_the_block():
    with SEALED.open(BINDING, KEY) as seed:
        assert seed.reveal() == SECRET
    assert seed.reveal() == b""


def test_the_seed_is_wiped_after_a_block_that_fails():
    with pytest.raises(LookupError), SEALED.open(BINDING, KEY) as seed:
        raise LookupError
    assert seed.reveal() == b""


def test_a_sealing_key_has_32_bytes_and_an_id():
    for length in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            SealingKey("key", bytes(length))
    for key_id in ("", "x" * (MAX_KEY_ID_BYTES + 1), "é" * 128):
        with pytest.raises(ValueError, match="id"):
            SealingKey(key_id, bytes(32))


def test_the_longest_key_id_goes_both_ways():
    key = SealingKey("x" * MAX_KEY_ID_BYTES, KEY_SECRET)
    blob = SealedSeed.seal(Seed(SECRET), BINDING, key).to_bytes()
    assert SealedSeed.from_bytes(blob).key_id == key.key_id
    assert open_blob(blob, BINDING, key) == SECRET


def test_new_sealing_keys_differ():
    one, other = SealingKey.generate(), SealingKey.generate()
    assert one != other
    assert one.key_id != other.key_id


def test_wiped_key_seals_and_opens_no_more():
    key = SealingKey("kek", bytes(range(32)))
    sealed = key.encrypt(b"secret", b"", bytes(12))
    key.wipe()
    with pytest.raises(UnsealError):
        key.decrypt(sealed, b"", bytes(12))
    with pytest.raises(ValueError, match="wiped"):
        key.encrypt(b"secret", b"", bytes(12))
