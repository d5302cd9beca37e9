"""HP-42, HP-51, CF-05: next, active and retired follow from times alone; what is published holds public members only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from broker.jose.keys import public_keys
from broker.jose.sign import sign
from broker.jose.verify import verify
from broker.keyring.create import SAML, SIGNING, new_records
from broker.keyring.errors import KeyFileError, NoActiveKey
from broker.keyring.ring import JWKS_MAX_AGE, KEEP, OVERLAP, KeyRecord, KeyState, Ring, state_of, superseded_at
from broker.keyring.root import Roots
from broker.keyring.seal import Sealer
from tests.clock import START
from tests.keyring.conftest import root, roots

Records = tuple[KeyRecord, ...]
ALGS = ("RS256", "ES256", "PS256", "EdDSA")
TIMES = st.integers(0, 20)
PLAIN = st.builds(
    KeyRecord,
    kid=st.uuids().map(str),
    use=st.just("sig"),
    alg=st.sampled_from(["ES256", "EdDSA"]),
    sealed=st.just(""),
    public=st.just("{}"),
    certificate=st.none(),
    created_at=st.just(0),
    active_from=TIMES,
    retired_at=st.none() | TIMES,
)


def of(records: Sequence[KeyRecord], alg: str) -> KeyRecord:
    """The record of an algorithm."""
    return next(record for record in records if record.alg == alg)


@given(st.lists(PLAIN, max_size=8), TIMES)
def test_one_active_key_an_algorithm(records: list[KeyRecord], now: int) -> None:
    """CF-08, HP-42: never two; one wherever a key has begun and is not withdrawn; ties are settled alike everywhere."""
    for alg in ("ES256", "EdDSA"):
        peers = [record for record in records if record.alg == alg]
        active = [record for record in peers if state_of(record, records, now) is KeyState.ACTIVE]
        begun = [record for record in peers if record.active_from <= now and not record.is_withdrawn(now)]
        assert len(active) == (1 if begun else 0)
        assert active == sorted(begun, key=lambda r: (r.active_from, r.kid))[-1:]
        assert {state_of(record, list(reversed(records)), now) for record in active} <= {KeyState.ACTIVE}


@given(st.lists(PLAIN.map(lambda record: replace(record, retired_at=None)), min_size=1, max_size=6))
def test_states_go_forward(records: list[KeyRecord]) -> None:
    """HP-42: next, then active, then retired, never back; the end of a key does not move once it is known."""
    order = [KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRED]
    for record in records:
        course = [order.index(state_of(record, records, now)) for now in range(25)]
        assert course == sorted(course)
        ends = {superseded_at(record, records, now) for now in range(25)} - {None}
        assert len(ends) <= 1


def test_the_overlap_outlasts_caches() -> None:
    """HP-51: a new key is published longer than the JWKS may be cached, and an old one longer than that too."""
    assert OVERLAP >= 2 * JWKS_MAX_AGE
    assert KEEP > OVERLAP


def test_a_rotation_from_both_sides(sealer: Sealer, records: Records) -> None:
    """HP-51: published at once, signing after the overlap; verifiers that cache as allowed never miss a key."""
    (new,) = new_records(START + 1000, sealer, now_active=False, algs=[("sig", "ES256")])
    ring = Ring([*records, new], sealer, keep=1200)
    old = of(records, "ES256")
    begins = START + 1000 + OVERLAP
    for now in range(START + 1000, begins + 2000, 50):
        signer = ring.signing("ES256", now)
        assert signer.kid == (old.kid if now < begins else new.kid)
        for fetched in (now, now - JWKS_MAX_AGE):  # a cache as old as the headers allow
            if fetched >= START + 1000:
                assert verify(sign(signer, {}), public_keys(ring.jwks(fetched)), ["ES256"])  # type: ignore[truthy-bool]
    shown = {now: [key["kid"] for key in ring.jwks(now)["keys"]] for now in (begins - 1, begins, begins + 1199, begins + 1200)}
    assert old.kid in shown[begins + 1199]
    assert old.kid not in shown[begins + 1200]
    assert all(new.kid in kids for kids in shown.values())
    assert [key.kid for key in ring.public_keys()].count(old.kid) == 1  # HP-15: for hints, for ever


def test_active_first_and_rs256_before_all(sealer: Sealer, records: Records) -> None:
    """A client that takes the first key of the set takes the one everybody can read."""
    new = new_records(START + 1, sealer, now_active=True, algs=[("sig", "ES256"), ("sig", "EdDSA")])
    keys = Ring([*new, *records], sealer).jwks(START + 2)["keys"]
    assert [key["alg"] for key in keys] == ["RS256", "ES256", "PS256", "EdDSA", "ES256", "EdDSA"]
    assert {keys[1]["kid"], keys[3]["kid"]} == {record.kid for record in new}


def test_jwks_is_written_from_an_allow_list(sealer: Sealer, records: Records) -> None:
    """CF-05: a schema over every key type; whatever a row holds, no private or symmetric member comes out."""
    private = dict.fromkeys(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5c", "sealed", "key_ops"), "AQAB")
    spoiled = [
        replace(r, public=json.dumps({**json.loads(r.public), **private, "kid": "x", "use": "enc", "alg": "none"}))
        for r in records
    ]
    for held in (records, spoiled):
        jwks = Ring(held, sealer).jwks(START)
        assert jwks.keys() == {"keys"}
        assert [key["alg"] for key in jwks["keys"]] == list(ALGS)
        for key in jwks["keys"]:
            own = {"RS256": {"n", "e"}, "PS256": {"n", "e"}, "ES256": {"crv", "x", "y"}, "EdDSA": {"crv", "x"}}[key["alg"]]
            assert key.keys() == {"kty", "kid", "use", "alg"} | own
            assert all(isinstance(value, str) for value in key.values())
            assert (key["use"], key["kid"]) == ("sig", of(records, key["alg"]).kid)
        assert len(public_keys(jwks)) == 4


def test_saml_and_decryption_keys_are_not_in_the_jwks(sealer: Sealer, records: Records) -> None:
    """HP-42: they are published in metadata, by certificate, and are RSA of 3072 bits."""
    ring = Ring(records, sealer)
    for use, alg in (("saml", "RSA-SHA256"), ("enc", "RSA-OAEP")):
        record = ring.active(use, alg, START)
        key = ring.private_rsa(record)
        assert key.key_size == 3072
        assert ring.private_rsa(record) is key
        assert record.certificate is not None
        certificate = x509.load_pem_x509_certificate(record.certificate.encode())
        assert certificate.public_key() == key.public_key()
        assert certificate.subject.rfc4514_string() == "CN=login.contoso.example"
        assert certificate.not_valid_after_utc.year == 2037
        assert certificate.not_valid_before_utc.timestamp() < START
        assert [shown.kid for shown in ring.published(use, START)] == [record.kid]
        assert record.kid not in str(ring.jwks(START))


def test_every_private_key_is_loaded_once(sealer: Sealer, records: Records) -> None:
    """A key that is loaded is handed on from ring to ring; a row that was changed is not taken for it."""
    ring = Ring(records, sealer)
    key = ring.signing("RS256", START)
    assert ring.signing("RS256", START) is key
    new = new_records(START + 5, sealer, now_active=False, algs=[("sig", "ES256")])
    assert ring.followed_by([*records, *new]).signing("RS256", START) is key
    sealed_anew = [replace(record, sealed=of(new, "ES256").sealed) if record.alg == "RS256" else record for record in records]
    with pytest.raises(KeyFileError):
        ring.followed_by(sealed_anew).signing("RS256", START)
    assert ring.signing("RS256", START) is key


def test_no_active_key(sealer: Sealer, records: Records) -> None:
    """HP-39: another algorithm, another use, and a key whose time has not come."""
    ring = Ring(records, sealer)
    for alg, now in (("HS256", START), ("none", START), ("RS256", START - 1)):
        with pytest.raises(NoActiveKey):
            ring.signing(alg, now)
    with pytest.raises(NoActiveKey):
        ring.active("saml", "RS256", START)


def test_the_ring_opens_or_says_which_root_is_missing(sealer: Sealer, records: Records) -> None:
    """CF-03: none of the root keys opens the ring: one line that names the key and the root."""
    Ring(records, sealer).check(START)
    with pytest.raises(KeyFileError, match=f"sealed under root key {1:016x}, which is not here"):
        Ring(records, Sealer(roots(2))).check(START)
    false = Roots({root(1).id: replace(root(1), key=b"x" * 32)}, replace(root(1), key=b"x" * 32))
    with pytest.raises(KeyFileError, match="does not open"):
        Ring(records, Sealer(false)).check(START)


def test_a_root_may_go_when_nothing_of_it_is_published(sealer: Sealer, records: Records) -> None:
    """HT-15: a retired root key is needed until the last key that it sealed has left the JWKS, not longer."""
    second = Sealer(roots(1, 2))
    new = new_records(START + 10, second, now_active=True, algs=[("sig", "ES256")])
    ring = Ring([of(records, "ES256"), *new], Sealer(roots(2)), keep=100)
    with pytest.raises(KeyFileError):
        ring.check(START + 109)
    ring.check(START + 110)


def test_a_row_in_anothers_place_is_refused(sealer: Sealer, records: Records) -> None:
    """HP-42: who can write rows, but has no root key, puts no key of his own into the JWKS."""
    mine, other = of(records, "ES256"), of(records, "EdDSA")
    for row in (replace(mine, kid=other.kid), replace(mine, public=other.public), replace(mine, public='{"kty":"oct","k":"AA"}')):
        with pytest.raises(KeyFileError, match="was changed"):
            Ring([row], sealer)
    (foreign,) = new_records(START - 100, Sealer(roots(9)), now_active=True, algs=[("sig", "ES256")])
    with pytest.raises(KeyFileError):
        Ring([*records, foreign], sealer).check(START)
    with pytest.raises(KeyFileError):
        Ring([replace(of(records, "RS256"), alg="PS256")], sealer).check(START)
    enc = of(records, "RSA-OAEP")
    with pytest.raises(KeyFileError, match="not RSA"):
        Ring([swapped(enc, mine, sealer)], sealer).private_rsa(swapped(enc, mine, sealer))


def swapped(enc: KeyRecord, mine: KeyRecord, sealer: Sealer) -> KeyRecord:
    """An enc row whose sealed bytes are a P-256 key: only somebody with the root key could make it."""
    der = sealer.open(mine.sealed, f"ring/sig/ES256/{mine.kid}")
    return replace(enc, sealed=sealer.seal(der, f"ring/enc/RSA-OAEP/{enc.kid}"))


def test_a_withdrawn_key_never_comes_back(sealer: Sealer, records: Records) -> None:
    """A next key that is withdrawn does not take over at its time; it leaves the JWKS like any retired one."""
    (waiting,) = new_records(START, sealer, now_active=False, algs=[("sig", "ES256")])
    held = [*records, replace(waiting, retired_at=START + 10)]
    ring = Ring(held, sealer, keep=50)
    assert state_of(held[-1], held, START + 9) is KeyState.NEXT
    assert state_of(held[-1], held, START + 10) is KeyState.RETIRED
    assert ring.signing("ES256", START + OVERLAP).kid == of(records, "ES256").kid
    assert waiting.kid in str(ring.jwks(START + 59))
    assert waiting.kid not in str(ring.jwks(START + 60))


def test_what_the_first_ring_holds(records: Records) -> None:
    """Issue 2: RS256, ES256, PS256 and EdDSA; records are rows of text and numbers, kids are thumbprints of 43 characters."""
    assert [alg for use, alg in SIGNING if use == "sig"] == list(ALGS)
    assert SAML == ("saml", "RSA-SHA256")
    assert len({record.kid for record in records}) == len(records)
    for record in records:
        assert len(record.kid) == 43
        assert len(record.alg) <= 16
        assert "PRIVATE" not in record.sealed + record.public
        assert (record.created_at, record.active_from, record.retired_at) == (START, START, None)


def test_rsa_keys_are_apart(sealer: Sealer, records: Records) -> None:
    """RFC 8017 12 and HT-1: one RSA key is used with one padding."""
    ring = Ring(records, sealer)
    one, two = ring.signing("RS256", START).key, ring.signing("PS256", START).key
    assert isinstance(one, rsa.RSAPrivateKey)
    assert isinstance(two, rsa.RSAPrivateKey)
    assert one.public_key() != two.public_key()
    assert one.key_size >= 2048
