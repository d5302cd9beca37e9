"""The set-up of a partner behind its link: entered, judged, handed over and decided about, and in force nowhere."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from broker.cli import broker as command
from broker.domain.errors import Conflict
from broker.domain.setup_link import SetupDecision, SetupState
from broker.settings.load import load
from broker.storage.history import audit
from broker.storage.tables import setup_links
from broker.web import csrf
from broker.web.setup.page import SCOPE
from tests.connectors.saml.metadata_documents import body as certificate_body
from tests.connectors.saml.metadata_documents import descriptor, entity, role, rsa_key, service
from tests.journeys.partner_setup import PartnerIt, partner_it
from tests.journeys.saml_world import SamlWorld
from tests.journeys.world import ACTOR, SECRET, World

HERE = ("setup_links", "audit", "audit_personal", "attempts", "refusals")  # the tables that a set-up writes into
YEARS = 4_000_000_000


def names(world: World) -> list[str]:
    """Of the audit's newest events."""
    with world.broker.core.db.read() as tx:
        return [event["name"] for event in audit.newest(tx)]


def metadata(sso: str = "https://127.0.0.9/sso") -> str:
    """What a partner pastes."""
    return entity(role(descriptor(certificate_body(rsa_key(), YEARS)), service(sso)))


def test_over_oidc_from_the_form_to_the_decision(both: World) -> None:
    """SL-08: the provider is visited, the secret is sealed, the file loads beside the others, and nobody gets in by any of it."""
    it, before = partner_it(both.broker, "fabrikam"), both.counts(*HERE)
    issuer = both.partners["fabrikam"].issuer
    form = {"section": "oidc", "issuer": issuer, "client_id": "contoso", "domains": "fabrikam.example"}
    entered = it.enter(**form, client_secret=SECRET)
    assert entered.status_code == 303, entered.text
    page = it.page()
    assert "client_secret: ${env:FABRIKAM_SECRET}" in page
    assert f"{issuer}/.well-known/openid-configuration answers" in page
    assert SECRET not in page
    assert it.enter(**form).status_code == 303  # an empty secret keeps the one that was entered
    with both.broker.core.db.read() as tx:
        assert SECRET not in str(tx.execute(setup_links.select()).all())
    proposals, link = both.broker.partner_setup.proposals, it.made.link.id
    answered = both.broker.partner_setup.links.show(ACTOR, link).link.answered_at or 0
    with pytest.raises(Conflict):  # not handed over yet
        proposals.decide(ACTOR, link, SetupDecision.ACCEPTED, answered)
    assert it.finish().status_code == 303
    found = proposals.show(ACTOR, link)
    assert found is not None
    assert {line[0] for line in found.difference} == {" ", "+", "-"}  # the file that is there names another variable
    assert SECRET not in found.text
    with pytest.raises(Conflict):  # changed since it was seen
        proposals.decide(ACTOR, link, SetupDecision.ACCEPTED, answered - 1)
    proposals.decide(ACTOR, link, SetupDecision.ACCEPTED, answered, "as agreed")
    assert "Accepted" in it.page()
    assert it.enter(**form).status_code == 400  # what was decided about stays
    printed = CliRunner().invoke(command, ["setup-links", "secret", link, "--home", str(both.home)], env={"SECRET": SECRET})
    assert printed.output.strip() == SECRET
    assert {
        "setup_link.created", "setup_link.answered", "setup_link.finished", "setup_link.accepted", "setup_link.secret_read",
    } <= set(names(both))  # fmt: skip
    assert both.counts(*HERE) == before  # no document, login, guest or session
    (both.home / "config" / "partners" / "fabrikam.yaml").write_text(found.text, "utf-8")
    partner = load(both.home, {"SECRET": SECRET, "FABRIKAM_SECRET": SECRET}).partners["fabrikam"]
    assert (partner.issuer, partner.domains) == (issuer, ("fabrikam.example",))


def test_over_saml_by_address_and_by_text(woodgrove: SamlWorld) -> None:
    """Metadata is read by the reader of every partner; pasted metadata comes to the administrator as a file beside."""
    world = woodgrove.world
    it = partner_it(world.broker)
    by_address = it.enter(section="saml", metadata_url=f"{woodgrove.server.address}/metadata", domains="woodgrove.example")
    assert by_address.status_code == 303, by_address.text
    assert f"metadata: {woodgrove.server.address}/metadata" in it.page()
    pasted = it.enter(section="saml", metadata=metadata(), domains="woodgrove.example")
    assert pasted.status_code == 303, pasted.text
    assert it.finish().status_code == 303
    found = world.broker.partner_setup.proposals.show(ACTOR, it.made.link.id)
    assert found is not None
    assert (found.metadata_file, found.variable) == ("config/partners/woodgrove-metadata.xml", "")
    assert world.broker.partner_setup.proposals.metadata(ACTOR, it.made.link.id) == metadata().strip()
    assert world.broker.partner_setup.links.show(ACTOR, it.made.link.id).state is SetupState.FINISHED
    changed = it.enter(section="saml", metadata=metadata(), domains="")  # a change is handed over anew
    assert changed.status_code == 303
    assert world.broker.partner_setup.links.show(ACTOR, it.made.link.id).state is SetupState.USED


def refused(it: PartnerIt, **form: str) -> str:
    """The page after a form that must not be kept."""
    answer = it.enter(**{"section": "saml", **form})
    assert answer.status_code in (400, 413), (form, answer.status_code)
    assert it.broker.partner_setup.connection.of(it.made.link) is None, form
    return answer.text


def test_nothing_of_ours_is_read_for_a_stranger(world: World) -> None:
    """SL-03, SL-04, SL-06: references, files and private addresses, also those allowed for other partners, stay closed (FA-15)."""
    it = partner_it(world.broker, private=False)
    for value in ("${env:SECRET}", "${file:keys/root.key}"):
        for field in ("metadata_url", "entity_id", "domains"):
            assert SECRET not in refused(it, **{"metadata": metadata(), field: value})
        for field in ("issuer", "client_id", "client_secret"):
            plain = {
                "section": "oidc",
                "issuer": "https://login.woodgrove.example",
                "client_id": "contoso",
                "client_secret": SECRET,
            }
            assert SECRET not in refused(it, **{**plain, field: value})
    for address in (
        "config/broker.yaml", "/etc/passwd", "file:///etc/passwd", "data:text/xml,x", "http://127.0.0.2:80/metadata",
        "https://127.0.0.2/metadata", "https://[::1]/metadata", "https://169.254.169.254/latest/meta-data", "https://localhost/metadata",
        "https://user:pw@127.0.0.2/",
    ):  # fmt: skip
        refused(it, metadata_url=address)
    internal = {"section": "oidc", "issuer": world.partners["fabrikam"].issuer, "client_secret": SECRET}
    assert "url_not_allowed" in refused(it, **internal, client_id="another")
    for taken in ({"client_id": "contoso"}, {"client_id": "another", "domains": "northwind.example"}):
        page = refused(it, **{**internal, **taken})
        assert ("cannot be used here" in page, "partner fabrikam" in page, "northwind already" in page) == (True, False, False)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        "<a>" * 2000,
        "<nonsense/>",
        "no XML at all",
        metadata("http://idp.woodgrove.example/sso"),
        metadata("javascript:alert(1)"),
        metadata() + " " * 262_144 + "x",
        "<" * 1_100_000,
    ],
    ids=["bomb", "external", "deep", "nonsense", "words", "plain", "script", "long", "giant"],
)  # fmt: skip
def test_bad_metadata_is_kept_nowhere(world: World, text: str) -> None:
    """SL-05: the pasted text goes to the metadata reader alone, with its limits."""
    refused(partner_it(world.broker), metadata=text)


def test_one_link_is_no_key_to_another(world: World) -> None:
    """SL-02: another link's token, another site's form, a field that no form has, a link that was revoked: nothing is kept."""
    one, other = partner_it(world.broker), partner_it(world.broker, "proseware")
    form = {"section": "saml", "metadata": metadata()}
    assert one.enter(**form, csrf=csrf.token(other.ticket, SCOPE)).status_code == 403
    assert one.ask("POST", "/setup/connection", data=form).status_code == 403
    evil = {"Origin": "https://evil.example"}
    assert one.ask("POST", "/setup/finish", data={}, headers=evil).status_code == 403
    assert one.enter(**form, partner="proseware").status_code == 400
    assert one.enter(**form, expires_at="9").status_code == 400
    assert one.finish().headers["Location"].startswith("/setup?said=not_done")
    world.broker.partner_setup.links.revoke(ACTOR, one.made.link.id)
    assert one.enter(**form).status_code == 400
    for it in (one, other):
        assert world.broker.partner_setup.connection.of(it.made.link) is None


def test_a_link_visits_providers_at_a_bounded_rate(world: World) -> None:
    """SL-07: the form makes us call addresses, so a link may send it thirty times an hour."""
    it = partner_it(world.broker)
    answers = [it.enter(section="saml").status_code for _ in range(31)]
    assert (answers[-2], answers[-1]) == (400, 429)


def test_the_commands(world: World) -> None:
    """The command-line twin of /admin/setup-links."""

    def run(*words: str) -> str:
        done = CliRunner().invoke(command, ["setup-links", *words, "--home", str(world.home)], env={"SECRET": SECRET})
        assert done.exit_code == 0, done.output
        return done.output

    made = json.loads(run("create", "woodgrove", "--name", "Woodgrove", "--domain", "woodgrove.example", "--json"))
    assert made["url"].startswith(f"{world.url}/setup/")
    run("revoke", made["id"], "--reason", "lost")
    [row] = json.loads(run("list", "--json"))
    assert (row["id"], row["state"]) == (made["id"], "revoked")
    assert made["url"].rpartition("/")[2] not in json.dumps(row)
