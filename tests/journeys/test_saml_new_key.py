"""A partner over SAML signs with a key that we do not hold: one refresh of its metadata, by the answer or by hand (FB-04, HS-36)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from broker.demo.browser import Browser
from broker.domain.audit import Actor
from broker.domain.errors import NotFound, PartnerFailed, PartnerUntrusted
from broker.services.doctor import Level
from broker.services.partners.documents import KID_PAUSE
from tests.journeys.saml_world import SamlWorld, saml_world
from tests.journeys.test_saml_metadata import key_changes, row, signs_in
from tests.journeys.world import World

UNKNOWN = "partner_untrusted saml_signature"


def spki(woodgrove: SamlWorld) -> list[str]:
    """The keys of the stored copy."""
    return [key["spki"] for key in json.loads(row(woodgrove).body)["keys"]]


class Counted:
    """The partner's metadata, and how often it was fetched."""

    def __init__(self, metadata: Callable[[], bytes]) -> None:
        self.metadata = metadata
        self.count = 0

    def __call__(self, **options: Any) -> bytes:
        self.count += 1
        return self.metadata(**options)


@pytest.fixture
def woodgrove(both: World) -> Iterator[SamlWorld]:
    """Woodgrove by URL, and Wanda a guest, on either database."""
    with saml_world(both) as added:
        added.file()
        added.redeem(added.visitor())
        both.clock.advance(KID_PAUSE)
        yield added


@pytest.fixture
def fetches(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts from now on."""
    counted = Counted(woodgrove.idp.metadata)
    monkeypatch.setattr(woodgrove.idp, "metadata", counted)
    return counted


def test_fb_04_a_new_key_without_overlap(woodgrove: SamlWorld, fetches: Counted) -> None:
    """FB-04: the first answer by the new key brings the metadata, and is taken; it locked everybody out until the copy was stale."""
    woodgrove.idp.rotate_key(keep=False)
    assert signs_in(woodgrove) == "in"
    assert signs_in(woodgrove) == "in"
    assert fetches.count == 1
    assert [(len(change["added"]), len(change["removed"])) for change in key_changes(woodgrove)] == [(1, 1)]


def test_fb_04_a_key_that_is_not_published(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-36: one fetch a minute, however many answers bring it; the copy stays as it is."""
    kept = spki(woodgrove)
    woodgrove.idp.fault = "other_keys"
    for _ in range(3):
        assert signs_in(woodgrove) == UNKNOWN
    assert fetches.count == 1
    woodgrove.world.clock.advance(KID_PAUSE)
    assert signs_in(woodgrove) == UNKNOWN
    assert fetches.count == 2
    assert spki(woodgrove) == kept
    assert key_changes(woodgrove) == []


def test_fb_04_a_second_change_within_the_minute(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-36: the budget is one a minute; by hand it is at once."""
    woodgrove.idp.rotate_key(keep=False)
    assert signs_in(woodgrove) == "in"
    woodgrove.idp.rotate_key(keep=False)
    assert signs_in(woodgrove) == "partner_untrusted saml_key_pause"  # FB-19: the partner is not blamed
    assert fetches.count == 1
    (found,) = woodgrove.world.broker.partners.refresh.refresh(Actor.system(), "woodgrove")
    assert (found.document, found.keys, len(found.added), len(found.removed)) == ("metadata", 1, 1, 1)
    assert signs_in(woodgrove) == "in"


def test_fb_04_nobody_else_causes_a_fetch(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-36: an answer to no request of ours, a broken message, another fault of the partner: nothing is fetched."""
    browser = Browser(clock=woodgrove.world.clock)
    acs = f"{woodgrove.world.url}/saml/acs"
    for params in ({"SAMLResponse": "AAAA", "RelayState": "x"}, {"SAMLResponse": "PGEvPg==", "RelayState": "x" * 43}):
        assert browser.post(acs, params).status >= 400
    for fault in ("wrong_audience", "wrong_issuer"):
        woodgrove.idp.fault = fault
        assert signs_in(woodgrove) != "in"
    assert fetches.count == 0


def test_fb_04_when_the_metadata_cannot_be_had(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-39: the copy serves on; the refusal is the one of the signature, and the partner's old key still counts."""
    woodgrove.idp.rotate_key()
    fetches.metadata = lambda **_options: b"<html>"
    assert signs_in(woodgrove) == UNKNOWN
    assert (fetches.count, row(woodgrove).problem) == (1, "metadata_structure")
    with pytest.raises(PartnerFailed) as caught:
        woodgrove.world.broker.partners.refresh.refresh(Actor.system(), "woodgrove")
    assert caught.value.reason == "metadata_structure"
    assert spki(woodgrove)


def test_fb_04_many_at_once(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-36: of answers that come together by the new key, one fetches and all get in."""
    woodgrove.idp.rotate_key(keep=False)
    visitors = [woodgrove.visitor() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(woodgrove.world.arrive, visitors))
    assert all(page.location is not None for page in pages)
    assert fetches.count == 1


def test_fb_04_a_copy_that_another_request_replaced(woodgrove: SamlWorld, fetches: Counted) -> None:
    """HS-36: a response was judged by the old keys while another request stored the new ones: it is judged again, nothing is fetched."""
    over_saml = woodgrove.world.broker.partners.families.over_saml
    before = over_saml.for_response("woodgrove")
    woodgrove.idp.rotate_key(keep=False)
    assert signs_in(woodgrove) == "in"
    after = over_saml.with_new_keys("woodgrove", before)
    assert after is not None
    with pytest.raises(PartnerUntrusted, match="saml_key_pause"):
        over_saml.with_new_keys("woodgrove", after)
    assert fetches.count == 1


def test_fb_04_doctor_compares_live_with_stored(woodgrove: SamlWorld) -> None:
    """FB-04: doctor sees that the partner publishes another key than we hold, and names the command."""
    woodgrove.idp.rotate_key(keep=False)
    findings = woodgrove.world.broker.doctor.examine("woodgrove").findings
    (found,) = [finding for finding in findings if "other keys than we hold" in finding.seen]
    assert found.level is Level.WARNING
    assert "broker partners refresh woodgrove" in (found.change or "")
    woodgrove.world.broker.partners.refresh.refresh(Actor.system(), "woodgrove")
    findings = woodgrove.world.broker.doctor.examine("woodgrove").findings
    assert not [finding for finding in findings if "other keys than we hold" in finding.seen]


def test_fb_04_by_hand_over_oidc(both: World) -> None:
    """FB-04: discovery and keys of this moment, whatever the copies' ages; a partner that no file names is not found."""
    both.redeem(both.visitor())
    both.partners["fabrikam"].rotate_key(keep=False)
    discovery, keys = both.broker.partners.refresh.refresh(Actor.system(), "fabrikam")
    assert (discovery.document, keys.document) == ("discovery", "jwks")
    assert len(keys.added) == len(keys.removed) == keys.keys
    with pytest.raises(NotFound):
        both.broker.partners.refresh.refresh(Actor.system(), "nobody")
