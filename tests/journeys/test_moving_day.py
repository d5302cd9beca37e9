"""`guests reset`: the binding ends, the guest stays; for one, and for all of a partner that changes its provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from broker.app import build
from broker.cli import broker as command
from broker.demo.browser import Browser
from broker.demo.identity import Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.relying import SignInFailed
from broker.demo.serving import LoopbackServer
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.services.invitations.rebinding import RebindingTerms
from broker.storage.tables import audit, audit_personal, identities, people
from tests.journeys.saml_world import WANDA, saml_world
from tests.journeys.staff import administrators, member
from tests.journeys.world import ACTOR, ADA, BO, CLEO, NORA, SECRET, World, partner_file

Run = Callable[..., Result]
ALONE = RebindingTerms(invite=False)


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker guests reset WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setitem(build.__kwdefaults__ or {}, "clock", world.clock)
    return lambda *words: CliRunner().invoke(command, ["guests", "reset", *words, "--home", str(world.home)])


def bound(world: World) -> set[tuple[str, str]]:
    """(subject, address) of every guest's identity."""
    with world.broker.core.db.read() as tx:
        joined = select(identities.c.subject, people.c.email).join(people, people.c.id == identities.c.person_id)
        return {(row[0], row[1]) for row in tx.execute(joined.where(people.c.kind == "guest"))}


def events(world: World, name: str) -> list[dict[str, object]]:
    """The audit's rows of a name."""
    with world.broker.core.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(audit).where(audit.c.name == name))]


def links(world: World) -> dict[str, str]:
    """Whom a link was mailed to."""
    world.broker.messages.outbox.deliver()
    found = {}
    for path in (world.home / "var/mail").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        words = body.get_content().split() if body else []
        found[str(mail["To"])] = next(word for word in words if "/invitation/" in word)
    return found


# --- one guest --------------------------------------------------------------------------------------------------------


def test_reset_keeps_the_guest(both: World) -> None:
    """Sessions and tokens end at once; id, `sub` and assignments stay; only a new invitation leads back (SC-06)."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    before = both.sign_in(ada)
    held = both.broker.guests.directory.show(ADA.email).person
    done = both.broker.invitations.rebinding.reset(ACTOR, ADA.email, replace(ALONE, reason="new account"))
    assert (done.held.identities, done.held.assignments, done.guest.state) == (1, 1, "invited")
    with pytest.raises(SignInFailed, match="invalid_token"):
        both.party.userinfo(before)
    with pytest.raises(SignInFailed, match="invalid_grant"):
        both.party.refresh(before.refresh_token or "", before)
    assert both.arrive(ada, prompt="none").query["error"] == "login_required"
    assert both.arrive(both.visitor(ADA)).error == "not_invited"
    both.redeem(both.visitor(ADA), both.invite())
    after = both.sign_in(both.visitor(ADA))
    assert after.claims["sub"] == before.claims["sub"]
    assert both.broker.guests.directory.show(ADA.email).person.id == held.id
    (event,) = events(both, "guest.reset")
    assert event["subject"] == held.id
    assert ADA.email not in str(event)
    assert "new account" not in str(event)  # HT-18: it may name somebody, and stands in the side table
    with both.broker.core.db.read() as tx:
        said = tx.execute(select(audit_personal.c.name, audit_personal.c.value).where(audit_personal.c.audit_id == event["id"]))
        assert {"reason": "new account", "email": ADA.email}.items() <= {row[0]: row[1] for row in said}.items()


def test_new_address_and_identity(world: World) -> None:
    """The guest moves to another address at another home; old links are over (IN-04), nothing of his is lost."""
    ada, old = world.visitor(ADA), world.invite()
    world.redeem(ada, old)
    sub = world.sign_in(ada).claims["sub"]
    waiting = world.invite(application="travel")
    done = world.broker.invitations.rebinding.reset(ACTOR, ADA.email, RebindingTerms(), email="Nora@Northwind.example")
    assert (done.guest.email, world.person(NORA.email).email_verified) == (NORA.email, False)
    # FD-06: a used link leads to the applications, which ask who is there; an expired one offers another mail
    for link, error, following in ((old, "invitation_used", "home-organization"), (waiting, "invitation_expired", "fresh-link")):
        browser = Browser(clock=world.clock)
        page = browser.get(link.redeem_url)
        assert page.error == error
        assert browser.proceed(page).name == following
    assert set(links(world)) == {NORA.email}  # the old links bring no mail any more
    nora = world.visitor(NORA)
    assert nora.open(links(world)[NORA.email], stop_at=world.url + "/apps").location == f"{world.url}/apps"
    assert world.sign_in(nora).claims["sub"] == sub
    assert bound(world) == {(NORA.subject, NORA.email)}


def test_reset_refused(world: World) -> None:
    """Unknown, a member, blocked, an address that is taken or denied: one line, and nothing happened."""
    world.redeem(world.visitor(ADA))
    world.redeem(world.visitor(BO))
    world.sign_in(world.visitor(CLEO))
    before, reset = bound(world), world.broker.invitations.rebinding.reset
    for name, error in (("nobody@fabrikam.example", NotFound), (CLEO.email, Conflict)):
        with pytest.raises(error):
            reset(ACTOR, name, ALONE)
    with pytest.raises(Conflict, match="somebody else"):
        reset(ACTOR, ADA.email, ALONE, email=BO.email)
    with pytest.raises(Invalid):
        reset(ACTOR, ADA.email, ALONE, email="no address")
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == ADA.email).values(state="blocked"))
    with pytest.raises(Conflict):
        reset(ACTOR, ADA.email, ALONE)
    assert bound(world) == before


def test_only_administrators(world: World) -> None:
    """IN-11: a member who is none resets nobody."""
    world.redeem(world.visitor(ADA))
    cleo = member(world)
    with pytest.raises(Forbidden):
        world.broker.invitations.rebinding.reset(cleo, ADA.email, ALONE)
    with pytest.raises(Forbidden):
        world.broker.invitations.rebinding.move(
            cleo, "fabrikam", [world.broker.guests.directory.show(ADA.email).person.id], RebindingTerms()
        )
    administrators(world, CLEO.email)
    assert world.broker.invitations.rebinding.reset(cleo, ADA.email, RebindingTerms()).issued is not None


def test_address_changed_elsewhere(world: World) -> None:
    """IN-04: a link to an address that is no longer the guest's redeems nothing, also in the middle of a login."""
    invited = world.invite()
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = ada.open(invited.redeem_url)
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).values(email="other@fabrikam.example"))
    page = ada.browser.proceed(page)
    assert page.error == "invitation_expired"
    assert Browser(clock=world.clock).get(invited.redeem_url).error == "invitation_expired"
    assert bound(world) == set()


def test_command(world: World, run: Run) -> None:
    """`guests reset GUEST`: what ended, what stays, and how to go on."""
    world.redeem(world.visitor(ADA))
    said = run(ADA.email, "--reason", "new telephone")
    assert (said.exit_code, "1 bindings" in said.stdout, f"broker invite {ADA.email}" in said.stdout) == (0, True, True)
    row = json.loads(run(ADA.email, "--email", "ada@northwind.example", "--invite", "--json").stdout)
    assert (row["email"], row["state"], row["assignments"]) == ("ada@northwind.example", "invited", 1)
    assert row["mails"][0]["status"] == "sent"
    assert "/invitation/" in row["redeem_url"]
    for words in (
        [],
        [ADA.email, "--partner", "fabrikam"],
        [ADA.email, "--dry-run"],
        ["--partner", "fabrikam", "--email", "x@y.z"],
    ):
        assert run(*words).exit_code == 2
    assert run("--partner", "nobody").exit_code == 1
    assert run("--partner", "fabrikam", "--bound-before", "soon").exit_code == 2


# --- moving day -------------------------------------------------------------------------------------------------------


def new_provider(world: World, server: LoopbackServer) -> None:
    """Fabrikam leaves its provider: another issuer, and everybody has another subject there."""
    client = Client(client_id="contoso", client_secret=SECRET, redirect_uris=(f"{world.url}/oidc/fabrikam/callback",))
    moved = [replace(person, subject=f"new-{person.subject}") for person in (ADA, BO)]
    provider = IdentityProvider(server.address, name="Fabrikam", accounts=moved, clients=[client], alg="ES256", clock=world.clock)
    server.start(create_partner(provider))
    world.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", server.address))


def test_partner_changes_its_provider(world: World, run: Run) -> None:
    """Preview, the move, mails of their own words; everybody comes back as who he was, and a second run does nothing."""
    subs = {}
    for person in (ADA, BO):
        world.redeem(world.visitor(person))
        subs[person.email] = world.sign_in(world.visitor(person)).claims["sub"]
    world.redeem(world.visitor(NORA))
    assert "Nobody is bound to another provider" in run("--partner", "fabrikam").stdout
    server = LoopbackServer("127.0.0.9")
    try:
        new_provider(world, server)
        assert world.arrive(world.visitor(replace(ADA, subject="new-ada"))).error == "not_invited"
        before = world.counts()
        rows = json.loads(run("--partner", "fabrikam", "--dry-run", "--json").stdout)
        assert [(row["email"], row["identities"], row["assignments"]) for row in sorted(rows, key=lambda row: row["email"])] == [
            (ADA.email, 1, 1),
            (BO.email, 1, 1),
        ]
        table = run("--partner", "fabrikam", "--dry-run").stdout
        assert "2 would be reset, 0 would stay" in table
        assert world.counts() == before
        said = run("--partner", "fabrikam", "--message", "Questions? Ask Bob.")
        assert (said.exit_code, "fabrikam: 2 reset" in said.stdout) == (0, True)
        assert json.loads(run("--partner", "fabrikam", "--json").stdout) == []
        mailed = links(world)
        assert set(mailed) == {ADA.email, BO.email}
        text = next((world.home / "var/mail").glob("*.eml")).read_text("utf-8")
        assert "Fabrikam has changed how" in text
        assert "Questions? Ask Bob." in text
        ada = world.visitor(replace(ADA, subject="new-ada"))
        assert ada.open(mailed[ADA.email], stop_at=f"{world.url}/apps").location == f"{world.url}/apps"
        assert world.sign_in(ada).claims["sub"] == subs[ADA.email]
        bo = world.visitor(replace(BO, subject="new-bo"))  # without the link: the authority says that the address is his
        assert world.sign_in(bo).claims["sub"] == subs[BO.email]
        assert json.loads(run("--partner", "fabrikam", "--json").stdout) == []  # nobody who came back is touched
        assert bound(world) == {("new-ada", ADA.email), ("new-bo", BO.email), (NORA.subject, NORA.email)}
    finally:
        server.close()


def test_new_domain_and_who_is_left(world: World, run: Run) -> None:
    """Addresses move too; whoever cannot be moved is left as he is, named, and the command says so by its status."""
    for person in (ADA, BO, NORA):
        world.redeem(world.visitor(person))
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == BO.email).values(state="blocked"))
    (world.home / "config/partners/fabrikam.yaml").unlink()
    world.reload()
    said = run("--partner", "fabrikam", "--domain", "northwind.example", "--json")
    rows = {row["email"]: row for row in json.loads(said.stdout)}
    assert said.exit_code == 1
    assert rows["ada@northwind.example"]["result"] == "reset"
    assert (rows[BO.email]["result"], "blocked" in rows[BO.email]["problem"]) == ("left", True)
    assert bound(world) == {(BO.subject, BO.email), (NORA.subject, NORA.email)}
    assert set(links(world)) == {"ada@northwind.example"}


def test_same_provider_new_people(world: World, run: Run) -> None:
    """The same provider with new subjects: a time divides old bindings from new ones, so that the command can be repeated."""
    world.redeem(world.visitor(ADA))
    world.clock.advance(60)
    words = ("--partner", "fabrikam", "--bound-before", "2099-01-01", "--no-mail", "--json")
    rows = json.loads(run(*words).stdout)
    assert [row["email"] for row in rows] == [ADA.email]
    assert rows[0]["redeem_url"]
    assert json.loads(run("--partner", "fabrikam", "--bound-before", "2001-01-01T00:00:00Z", "--json").stdout) == []


def test_guest_with_another_home_stays_active(world: World) -> None:
    """A guest who is bound elsewhere too keeps that way in."""
    world.redeem(world.visitor(ADA))
    guest = world.broker.guests.directory.show(ADA.email).person
    with world.broker.core.db.write() as tx:
        tx.execute(
            identities.insert().values(
                partner="northwind", issuer=world.partners["northwind"].issuer, subject="nora", person_id=guest.id, bound_at=1
            )
        )
    (done,) = world.broker.invitations.rebinding.move(ACTOR, "fabrikam", [guest.id], RebindingTerms())
    assert done.guest.state == "active"
    assert bound(world) == {("nora", ADA.email)}


def test_saml_partner(world: World, run: Run) -> None:
    """A SAML partner whose file names no entity_id: a time is needed; with one, the entity id decides."""
    with saml_world(world) as scene:
        scene.file(entity_id=None)
        scene.redeem(scene.visitor(WANDA))
        said = run("--partner", "woodgrove", "--dry-run")
        assert (said.exit_code, "entity_id" in said.stderr) == (1, True)
        assert len(json.loads(run("--partner", "woodgrove", "--bound-before", "2099-01-01", "--dry-run", "--json").stdout)) == 1
        scene.file(entity_id="https://new.woodgrove.example/idp")
        assert len(json.loads(run("--partner", "woodgrove", "--dry-run", "--json").stdout)) == 1
