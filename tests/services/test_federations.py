"""Federations in the database: what is indexed, what changes, who is a partner, who is found (HS-36, HS-37, HS-39)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.domain.audit import Actor
from broker.domain.errors import PartnerFailed
from broker.domain.federation import entity_hash
from broker.services.core import Core
from broker.services.partners.federation_index import FederationIndex
from broker.services.partners.federation_search import FederationSearch
from broker.services.partners.federations.partners import FederatedPartners
from broker.services.partners.federations.state import FederationState
from broker.services.partners.outbound_clients import OutboundClients
from broker.settings.federated_partner import FederatedPartner
from broker.settings.load import Settings
from broker.storage.engine import Database
from broker.storage.history import audit
from tests.aggregates import aggregate, entity
from tests.clock import Clock
from tests.connectors.saml.metadata_documents import body, of_version, pem, rsa_key
from tests.core import make_settings

KEY = rsa_key(name="federation")
FILE = {"metadata": "md.xml", "metadata_certificate": "md.pem", "trust": {"email": True}}


@dataclass
class Federation:
    """A home with one federation, `edu`, whose aggregate is a file; `write` replaces it."""

    home: Path
    database: str
    db: Database
    clock: Clock
    files: Settings

    def __post_init__(self) -> None:
        self.settings = FederatedPartners(self.db, self.clock, lambda: self.files).settings
        core = Core(self.db, self.clock, self.settings)
        self.index = FederationIndex(core, OutboundClients(self.settings, None))
        self.search = FederationSearch(core)

    def write(self, *entities: str, key: Any = KEY, **more: Any) -> None:
        """The aggregate as it is published now."""
        (self.home / "md.xml").write_bytes(aggregate(entities, key, **more))

    def configure(self, **files: Any) -> None:
        """Other files of config/: `edu` and others are federations."""
        self.files = make_settings(self.home, self.database, {name.replace("__", "/"): file for name, file in files.items()})

    def refresh(self, name: str = "edu") -> FederationState:
        """What `broker partners refresh` does."""
        found = self.index.refresh(Actor.command(), name)
        assert found is not None
        return found

    def partner(self, name: str, federation: str = "edu") -> FederatedPartner | None:
        """The partner of an entity, as a login looks it up."""
        found = self.settings().partners.get(f"{federation}/{entity_hash(f'https://{name}.example/idp')}")
        assert found is None or isinstance(found, FederatedPartner)
        return found

    def found(self, query: str, language: str = "en", limit: int = 10) -> list[str]:
        """Names that the page shows."""
        return [one.name for one in self.search.find(query, [language], limit=limit)]

    def refused(self) -> str:
        """Why the aggregate is refused."""
        with pytest.raises(PartnerFailed) as caught:
            self.refresh()
        return caught.value.reason


@pytest.fixture
def edu(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Federation]:
    """Three entities are indexed."""
    (tmp_path / "md.pem").write_text(pem(KEY))
    (tmp_path / "md.xml").write_bytes(b"not yet")
    files = make_settings(tmp_path, database_url, {"federations/edu": FILE})
    db = Database(database_url, base=tmp_path)
    federation = Federation(tmp_path, database_url, db, clock, files)
    federation.write(*three())
    assert federation.refresh().changed == 3
    yield federation
    db.close()


def three(**north: Any) -> list[str]:
    """North in two languages, South elsewhere, and one that cannot be used."""
    return [
        entity("north", **{"names": {"en": "University of the North", "de": "Universität des Nordens"}, **north}),
        entity("south", names={"en": "South College"}, authority="https://else.example", categories=["urn:rs"]),
        entity("broken").replace("https://broken.example/sso", "http://broken.example/sso"),
    ]


def test_partners_without_files(edu: Federation) -> None:
    """An entity is a partner with the federation's trust, bounded by its scopes; iteration knows the files alone."""
    north = edu.partner("north")
    assert north is not None
    assert (north.name, north.issuer, north.domains) == (
        "University of the North",
        "https://north.example/idp",
        ("north.example",),
    )
    assert (north.trust.email, north.members, north.error_url) == (True, False, "https://north.example/help")
    assert edu.partner("broken") is None
    assert edu.partner("nobody") is None
    partners = edu.settings().partners
    assert set(partners) == {"fabrikam", "northwind", "staff"}
    assert partners.get("edu/../fabrikam") is partners.get("edu/") is partners.get("/") is None
    assert north.id in partners


def test_one_entity_keeps_no_other_from_being_indexed(edu: Federation) -> None:
    """HS-38: a certificate that the library has no reading for makes its own entity unusable."""
    good = body(rsa_key())
    edu.write(*three(), entity("odd").replace(good, of_version(4, good)), entity("west"), created="2026-11-02T00:00:00Z")
    state = edu.refresh()
    assert (state.changed, state.unusable) == (2, 2)
    assert edu.partner("odd") is None
    assert edu.partner("west") is not None


def test_a_full_disk_is_a_failed_fetch(edu: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-05: the reason stands in the row, so that nobody downloads the aggregate again every half minute."""
    edu.write(*three(), entity("west"), created="2026-11-02T00:00:00Z")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("broker.connectors.saml.federation_entity.discovery_info", full)
    assert edu.refused() == "metadata_fetch"
    assert edu.index.record("edu").problem == "metadata_fetch"
    assert edu.partner("north") is not None


def test_what_changed(edu: Federation, clock: Clock) -> None:
    """HS-39: an unchanged aggregate changes nothing; of a changed one only what differs is read again; keys are audited."""
    assert edu.refresh().changed == 0
    edu.write(*three(key=rsa_key(name="north 2"))[:2], created="2026-11-02T00:00:00Z")
    state = edu.refresh()
    assert (state.changed, state.removed, state.providers) == (1, 1, 2)
    with edu.db.read() as tx:
        [event] = audit.newest(tx, name="partner.keys_changed", target=f"edu/{entity_hash('https://north.example/idp')}", limit=5)
    assert (len(event["data"]["added"]), len(event["data"]["removed"])) == (1, 1)


def spoil(federation: Federation) -> None:
    """Another document at the address."""
    (federation.home / "md.xml").write_bytes(b"<html/>")


REFUSED: dict[str, tuple[Callable[[Federation], None], str]] = {
    "older publication": (lambda f: f.write(*three(), created="2026-10-01T00:00:00Z"), "metadata_older"),
    "shorter validity, no publication": (lambda f: f.write(*three(), created=None, until="2098-01-01T00:00:00Z"), "metadata_older"),
    "another key": (lambda f: f.write(*three(), key=rsa_key(name="evil")), "metadata_signature"),
    "over": (lambda f: f.write(*three(), created="2026-11-02T00:00:00Z", until="2020-01-01T00:00:00Z"), "metadata_expired"),
    "no metadata": (spoil, "metadata_structure"),
    "gone": (lambda f: (f.home / "md.xml").unlink(), "metadata_fetch"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_last_good_copy(edu: Federation, case: str) -> None:
    """SM-01, SM-04, SM-15: what is refused changes nothing; the reason stands in the row, and the last good copy serves."""
    change, reason = REFUSED[case]
    change(edu)
    assert edu.refused() == reason
    held = edu.index.record("edu")
    assert held.state is not None
    assert (held.problem, held.state.providers) == (reason, 3)
    assert edu.partner("north") is not None


def test_selection(edu: Federation) -> None:
    """Exclude goes before include; both count at the next look-up, and for the list without a new aggregate."""
    assert edu.found("") == ["South College", "University of the North"]
    edu.configure(federations__edu={**FILE, "exclude": {"registration_authorities": ["https://else.example"]}})
    assert edu.partner("south") is None
    assert edu.index.due() == ["edu"]
    assert edu.refresh().listed == 1
    assert edu.found("") == ["University of the North"]
    chosen = {"entity_ids": ["https://north.example/idp"], "entity_categories": ["urn:rs"]}
    edu.configure(federations__edu={**FILE, "include": chosen, "exclude": {"entity_ids": ["https://north.example/idp"]}})
    assert edu.partner("north") is None
    assert edu.partner("south") is not None
    assert edu.index.due() == ["edu"]


def test_pin_and_file(edu: Federation) -> None:
    """HS-37: entities that another certificate vouched for are nobody's partners at once; so when the federation's file is gone."""
    (edu.home / "md.pem").write_text(pem(rsa_key(name="another")))
    edu.settings().partners.forget()  # type: ignore[attr-defined]  # what time does in a running process
    assert edu.partner("north") is None
    assert edu.found("") == []
    assert edu.refused() == "metadata_signature"
    (edu.home / "config/federations/edu.yaml").unlink()
    edu.configure()
    assert edu.partner("north") is None
    assert edu.index.forget_others() == 3


def test_file_goes_first(edu: Federation) -> None:
    """A partner's file with the entity id is the partner; a domain of a partner's file is no scope of an entity."""
    saml = {"metadata": "md.xml", "entity_id": "https://north.example/idp"}
    edu.configure(federations__edu=FILE, partners__own={"name": "Own", "domains": ["south.example"], "saml": saml})
    assert edu.partner("north") is None
    assert edu.found("univ") == []
    south = edu.partner("south")
    assert south is not None
    assert south.domains == ()


def test_two_federations(edu: Federation) -> None:
    """An entity of two federations is two partners with one issuer, and stands once in the list, under the first."""
    (edu.home / "also.xml").write_bytes(aggregate([entity("north", names={"en": "Fake North"}, key=rsa_key(name="x"))], KEY))
    edu.configure(federations__edu=FILE, federations__also={**FILE, "metadata": "also.xml"})
    edu.refresh("also")
    ours, theirs = edu.partner("north"), edu.partner("north", "also")
    assert ours is not None
    assert theirs is not None
    assert ours.issuer == theirs.issuer
    assert ours.id != theirs.id
    assert ours.provider["keys"] != theirs.provider["keys"]
    assert [one.id for one in edu.search.find("north", ["en"], limit=9)] == [theirs.id]


def test_search(edu: Federation) -> None:
    """Beginnings of words, without accents, in any language; the name in the person's own."""
    names = {"en": "Kyoto University", "ja": "京都大学", "fr": "Université de Kyōto"}
    edu.write(*three(), entity("kyoto", names=names), created="2026-11-03T00:00:00Z")
    edu.refresh()
    assert edu.found("univ", "de") == ["Kyoto University", "Universität des Nordens"]
    assert edu.found("universitat nord") == ["University of the North"]
    assert edu.found("大学", "ja") == ["京都大学"]
    assert edu.found("KYŌTO", "fr") == ["Université de Kyōto"]
    assert edu.found("south.example") == ["South College"]
    assert edu.found("univ", limit=1) == ["Kyoto University"]
    assert edu.found("orth") == edu.found("%") == edu.found("' or 1=1") == []


def test_hints(edu: Federation) -> None:
    """`domain_hint` names an entity id, or a scope that one listed entity alone has."""
    north = edu.partner("north")
    assert north is not None
    assert edu.search.hinted("https://north.example/idp") == edu.search.hinted("North.example") == north.id
    assert edu.search.hinted("example") is edu.search.hinted("nobody.example") is edu.search.hinted("") is None
    edu.write(*three(), entity("twin", scopes=["north.example"]), created="2026-11-03T00:00:00Z")
    edu.refresh()
    assert edu.search.hinted("north.example") is None


def test_one_node_at_a_time(edu: Federation, clock: Clock) -> None:
    """HT-20: while a node indexes, another finds it busy; housekeeping fetches when the copy is old, and waits after a failure."""
    assert edu.index.due() == []
    clock.advance(301)
    assert edu.index.due() == ["edu"]
    (edu.home / "md.xml").write_bytes(b"")
    assert edu.index.look() == 0
    assert edu.index.due() == []
    clock.advance(301)
    assert edu.index.due() == ["edu"]


def test_hidden(edu: Federation) -> None:
    """`hidden: true` keeps a federation out of the list, not its partners from signing in."""
    edu.configure(federations__edu={**FILE, "hidden": True})
    assert edu.found("univ") == []
    assert edu.partner("north") is not None
