"""The domains behind a set-up link: proven by a record in the DNS, shown to both sides, and trusted by nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from broker.cli import broker as command
from broker.composition import partner_setup
from broker.connectors.outbound.text_records import TextRecords
from broker.domain.audit import Actor
from broker.domain.errors import Forbidden
from broker.domain.setup_link import ProofState, proof_name, proof_value
from broker.services.partner_setup.domain_proof import CHECKS, DomainProofs
from broker.storage.history import audit
from broker.web import csrf
from broker.web.setup.page import SCOPE
from tests.connectors.name_server import NameServer, name_server
from tests.journeys.partner_setup import PartnerIt, partner_it
from tests.journeys.test_partner_setup import metadata
from tests.journeys.world import ACTOR, SECRET, World

DOMAINS = ("woodgrove.example", "bank.example")


@pytest.fixture
def server() -> Iterator[NameServer]:
    """The resolver of the machine."""
    with name_server() as found:
        yield found


def with_domains(world: World, server: NameServer, partner: str = "woodgrove", domains: tuple[str, ...] = DOMAINS) -> PartnerIt:
    """A partner's IT that entered metadata and domains; the broker asks this name server."""
    broker = copy(world.broker)
    proofs = DomainProofs(broker.core, broker.partner_setup.links, TextRecords(server.resolver), broker.rate_limits)
    vars(broker)["partner_setup"] = replace(world.broker.partner_setup, domain_proof=proofs)
    it = partner_it(broker, partner)
    entered = it.enter(section="saml", metadata=metadata(), domains=" ".join(domains))
    assert entered.status_code == 303, entered.text
    return it


def look_up(it: PartnerIt) -> TestResponse:
    """The button of the page."""
    return it.ask("POST", "/setup/domains", data={csrf.FIELD: csrf.token(it.ticket, SCOPE)})


def states(it: PartnerIt) -> list[ProofState | None]:
    """Of the domains, in the order in which they were entered."""
    return [one.state for one in it.broker.partner_setup.domain_proof.of(it.made.link)]


def test_a_record_proves_a_domain(both: World, server: NameServer) -> None:
    """SL-11: the value of the page, in the DNS, is found; both sides read it, the audit has it, and nothing else changes."""
    it = with_domains(both, server)
    page, link = it.page(), it.made.link.id
    assert all(proof_name(domain) in page and proof_value(link, domain) in page for domain in DOMAINS)
    assert states(it) == [None, None]
    server.texts[proof_name(DOMAINS[0])] = ["v=spf1 -all", proof_value(link, DOMAINS[0])]
    assert look_up(it).headers["Location"].startswith("/setup?said=looked")
    assert states(it) == [ProofState.PROVEN, ProofState.ABSENT]
    shown = it.page()
    assert ("Proven" in shown, "There is no such record." in shown) == (True, True)
    with both.broker.core.db.read() as tx:
        [event] = [event for event in audit.newest(tx) if event["name"] == "setup_link.domains_checked"]
    assert (event["data"]["proven"], event["data"]["not_proven"]) == ([DOMAINS[0]], [DOMAINS[1]])
    assert it.finish().status_code == 303  # an unproven domain stops nobody: the administrator is told, and decides
    found = both.broker.partner_setup.proposals.show(ACTOR, link)
    assert found is not None
    assert "trust" not in found.text


def test_only_the_record_of_this_link_and_domain_counts(world: World, server: NameServer) -> None:
    """SL-11: the value of another link or of another domain, a part of it, more than it, other letters: not proven."""
    it, other = with_domains(world, server), with_domains(world, server, "proseware", ("proseware.example",))
    mine = proof_value(it.made.link.id, DOMAINS[0])
    wrong = [
        proof_value(other.made.link.id, DOMAINS[0]), proof_value(it.made.link.id, DOMAINS[1]), mine[:-1], f"{mine}0", f" {mine}",
        mine.upper(), "",
    ]  # fmt: skip
    server.texts[proof_name(DOMAINS[0])] = wrong
    server.texts[DOMAINS[1]] = [proof_value(it.made.link.id, DOMAINS[1])]  # at the domain itself, where others write, too
    look_up(it)
    assert states(it) == [ProofState.OTHER, ProofState.ABSENT]
    server.texts[proof_name(DOMAINS[0])] = [mine]
    look_up(it)
    assert states(it) == [ProofState.PROVEN, ProofState.ABSENT]
    server.texts.clear()
    look_up(it)
    assert states(it) == [ProofState.ABSENT, ProofState.ABSENT]  # what is true now, not what was true once


def test_a_change_of_domains_proves_no_new_one(world: World, server: NameServer) -> None:
    """A domain that was entered later is not looked up yet; one that stays keeps what was found."""
    it = with_domains(world, server)
    server.texts[proof_name(DOMAINS[0])] = [proof_value(it.made.link.id, DOMAINS[0])]
    look_up(it)
    assert it.enter(section="saml", metadata=metadata(), domains=f"{DOMAINS[0]} new.example").status_code == 303
    assert states(it) == [ProofState.PROVEN, None]


def test_staff_look_again_before_they_decide(world: World, server: NameServer) -> None:
    """The administrator does not depend on when the partner looked; nobody else may."""
    it = with_domains(world, server)
    proofs, link = it.broker.partner_setup.domain_proof, it.made.link.id
    server.texts[proof_name(DOMAINS[1])] = [proof_value(link, DOMAINS[1])]
    proofs.check_as(ACTOR, link)
    assert states(it) == [ProofState.ABSENT, ProofState.PROVEN]
    with pytest.raises(Forbidden):
        proofs.check_as(Actor.person(address="192.0.2.1"), link)


def test_the_button_is_counted_and_guarded(world: World, server: NameServer) -> None:
    """SL-02, SL-12: no token, another link's token, a link that ended, thirty an hour."""
    it, other = with_domains(world, server), with_domains(world, server, "proseware", ("proseware.example",))
    assert it.ask("POST", "/setup/domains").status_code == 403
    theirs = {csrf.FIELD: csrf.token(other.ticket, SCOPE)}
    assert it.ask("POST", "/setup/domains", data=theirs).status_code == 403
    answers = [look_up(it).status_code for _ in range(CHECKS + 1)]
    assert (answers[0], answers[-1]) == (303, 429)
    it.broker.partner_setup.links.revoke(ACTOR, other.made.link.id)
    assert look_up(other).status_code == 400
    assert states(other) == [None]


def test_without_domains_there_is_nothing_to_look_up(world: World, server: NameServer) -> None:
    """No button, and a form that is sent all the same finds nothing."""
    it = with_domains(world, server, domains=())
    assert "TXT" not in it.page()
    assert look_up(it).status_code == 400
    assert server.asked == []


def test_the_command(world: World, server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command-line twin of the button."""
    monkeypatch.setattr(partner_setup, "TextRecords", lambda: TextRecords(server.resolver))
    it = with_domains(world, server)
    server.texts[proof_name(DOMAINS[0])] = [proof_value(it.made.link.id, DOMAINS[0])]
    words = ["setup-links", "domains", it.made.link.id, "--home", str(world.home), "--json"]
    done = CliRunner().invoke(command, words, env={"SECRET": SECRET})
    assert done.exit_code == 0, done.output
    assert [(row["domain"], row["state"]) for row in json.loads(done.output)] == [(DOMAINS[0], "proven"), (DOMAINS[1], "absent")]
