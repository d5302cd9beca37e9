"""A finished partner file below var/: for its owner alone, whole, never over another one unasked, and in force nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.cli import broker as command
from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, NotFound
from broker.domain.ids import new_id
from broker.services.partner_setup.written_proposals import CHANGED, CLOSED, EXISTS, WrittenProposal
from tests.journeys.partner_setup import PartnerIt, partner_it
from tests.journeys.test_partner_setup import metadata, names
from tests.journeys.world import ACTOR, SECRET, World
from tests.race import race

FILES = ("var/proposals/woodgrove-metadata.xml", "var/proposals/woodgrove.yaml")


def handed_over(world: World) -> PartnerIt:
    """Woodgrove pasted metadata, and handed over."""
    it = partner_it(world.broker)
    assert it.enter(section="saml", metadata=metadata(), domains="woodgrove.example").status_code == 303
    assert it.finish().status_code == 303
    return it


def write(it: PartnerIt, *, replace: bool = False, late: int = 0) -> WrittenProposal:
    """As the button does."""
    seen = it.broker.partner_setup.links.show(ACTOR, it.made.link.id).link.answered_at or 0
    return it.broker.partner_setup.written_proposals.write(ACTOR, it.made.link.id, seen - late, replace=replace)


def listing(home: Path) -> list[str]:
    """Of the folder, also what a dot hides."""
    return sorted(path.name for path in (home / "var" / "proposals").iterdir())


def test_a_proposal_is_written_for_the_owner_alone(world: World) -> None:
    """SL-14: 0600 in a folder of 0700, the text of the page, no secret, nothing in config/, in the audit."""
    it, before = handed_over(world), sorted((world.home / "config").rglob("*"))
    assert write(it) == WrittenProposal(files=FILES, replaced=False)
    found = world.broker.partner_setup.proposals.show(ACTOR, it.made.link.id)
    assert found is not None
    assert (world.home / FILES[1]).read_text("utf-8") == found.text
    assert (world.home / FILES[0]).read_text("utf-8") == metadata().strip()
    assert {(world.home / file).stat().st_mode & 0o777 for file in FILES} == {0o600}
    assert (world.home / "var" / "proposals").stat().st_mode & 0o777 == 0o700
    assert sorted((world.home / "config").rglob("*")) == before
    assert "setup_link.proposal_written" in names(world)
    assert listing(world.home) == ["woodgrove-metadata.xml", "woodgrove.yaml"]


def test_another_file_stays_unless_somebody_says_so(world: World) -> None:
    """SL-14: not over a file, not through a link; replaced by a choice, and the target of a link is not touched."""
    it, outside = handed_over(world), world.home / "precious"
    outside.write_text("precious", "utf-8")
    write(it)
    (world.home / FILES[1]).write_text("mine", "utf-8")
    with pytest.raises(Conflict) as refused:
        write(it)
    assert refused.value.reason == EXISTS
    assert (world.home / FILES[1]).read_text("utf-8") == "mine"
    assert write(it, replace=True).replaced is True
    (world.home / FILES[1]).unlink()
    (world.home / FILES[1]).symlink_to(outside)
    with pytest.raises(Conflict):
        write(it)
    write(it, replace=True)
    assert (outside.read_text("utf-8"), (world.home / FILES[1]).is_symlink()) == ("precious", False)


def test_a_folder_that_leads_elsewhere_is_refused(world: World) -> None:
    """SL-14: var/proposals as a link to config/ would put a file in force."""
    it = handed_over(world)
    (world.home / "var").mkdir(exist_ok=True)
    (world.home / "var" / "proposals").symlink_to(world.home / "config" / "partners")
    with pytest.raises(Conflict) as refused:
        write(it)
    assert refused.value.reason == CLOSED
    assert not (world.home / "config" / "partners" / "woodgrove.yaml").exists()


def test_only_what_was_seen_and_handed_over(world: World) -> None:
    """SL-08, SL-14: changed since, not handed over, an unknown link, somebody without the right."""
    it, fresh = handed_over(world), partner_it(world.broker, "proseware")
    with pytest.raises(Conflict) as changed:
        write(it, late=1)
    assert changed.value.reason == CHANGED
    assert fresh.enter(section="saml", metadata=metadata(), domains="").status_code == 303
    with pytest.raises(Conflict):
        write(fresh)
    service = world.broker.partner_setup.written_proposals
    with pytest.raises(NotFound):
        service.write(ACTOR, new_id(), 1)
    with pytest.raises(Forbidden):
        service.write(Actor.person(address="192.0.2.1"), it.made.link.id, 1)
    assert not (world.home / "var" / "proposals").exists()


def test_two_administrators_at_once(world: World) -> None:
    """SL-14: one writes, the others hear that it is there; the file is whole."""
    it = handed_over(world)

    def attempt(_: int) -> bool:
        try:
            write(it)
        except Conflict:
            return False
        return True

    assert sorted(race(attempt, 4)) == [False, False, False, True]
    assert listing(world.home) == ["woodgrove-metadata.xml", "woodgrove.yaml"]


def test_the_command(world: World) -> None:
    """The command-line twin of the button."""
    it = handed_over(world)
    words = ["setup-links", "propose", it.made.link.id, "--home", str(world.home)]
    done = CliRunner().invoke(command, words, env={"SECRET": SECRET})
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(command, words, env={"SECRET": SECRET})
    assert again.exit_code == 1
    replaced = CliRunner().invoke(command, [*words, "--replace"], env={"SECRET": SECRET})
    assert replaced.exit_code == 0, replaced.output


def test_the_difference_shows_no_secret_of_the_file_that_is_there(world: World) -> None:
    """SL-16: also where the file writes its section on one line."""
    it, secret = handed_over(world), "sec-ret-0123456789"
    there = f'{{"name": "Woodgrove", "oidc": {{"client_id": "contoso", "client_secret": "{secret}"}}}}\n'
    (world.home / "config" / "partners" / "woodgrove.yaml").write_text(there, "utf-8")
    found = world.broker.partner_setup.proposals.show(ACTOR, it.made.link.id)
    assert found is not None
    assert secret not in str(found.difference)
    assert any("(not shown)" in line for line in found.difference)
