"""`broker setup-links`: links for the IT of partners."""

from __future__ import annotations

from pathlib import Path

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_table, say

_COLUMNS = ["id", "partner", "name", "state", "email", "expires_at"]


@click.group("setup-links")
def setup_links() -> None:
    """Links by which a partner's IT sets up its sign-in."""


@setup_links.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@home_option
@json_option
def list_(limit: int, home: Path, as_json: bool) -> None:
    """List links, the newest first."""
    from broker.domain.times import iso

    rows = [
        {
            "id": one.link.id,
            "partner": one.link.partner,
            "name": one.link.name,
            "state": one.state.value,
            "email": one.link.email,
            "expires_at": iso(one.link.expires_at),
        }
        for one in build(home).partner_setup.links.listed(command_actor(), limit=limit)
    ]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No links: broker setup-links create PARTNER --name NAME")


@setup_links.command("create")
@click.argument("partner")
@click.option("--name", required=True, help="The organization, as its people know it.")
@click.option("--domain", "domains", multiple=True, help="A mail domain that you expect; may be repeated.")
@click.option("--email", default="", help="Send the link to this address, too.")
@click.option("--language", default="", help="Of the page and the e-mail.")
@click.option("--days", default=14, show_default=True, help="How long it is good for, at most 60.")
@click.option("--private", is_flag=True, help="Addresses of network.allow_private_addresses may be read for it.")
@home_option
@json_option
def create(
    partner: str,
    name: str,
    domains: tuple[str, ...],
    email: str,
    language: str,
    days: int,
    private: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Print a link for the IT of PARTNER, the id that its file will have."""
    from broker.domain.times import iso
    from broker.services.partner_setup.links import SetupLinkWish

    wish = SetupLinkWish(partner=partner, name=name, domains=domains, language=language, email=email, days=days, private=private)
    made = build(home).partner_setup.links.create(command_actor(), wish)
    if as_json:
        print_json({"id": made.link.id, "url": made.url, "expires_at": iso(made.link.expires_at)})
        return
    say(f"Link {made.link.id} for {made.link.name}, until {iso(made.link.expires_at)}:")
    click.echo(made.url)


@setup_links.command("revoke")
@click.argument("link")
@click.option("--reason", default="", help="Stands in the audit.")
@home_option
def revoke(link: str, reason: str, home: Path) -> None:
    """Revoke LINK, named by its id."""
    build(home).partner_setup.links.revoke(command_actor(), link, reason)
    say("Revoked: the link opens nothing any more.")


@setup_links.command("secret")
@click.argument("link")
@home_option
def secret(link: str, home: Path) -> None:
    """Print the client secret that was entered behind LINK.

    It is for the environment of the server. The audit records that it was read.
    """
    click.echo(build(home).partner_setup.proposals.secret(command_actor(), link))


@setup_links.command("domains")
@click.argument("link")
@home_option
@json_option
def domains(link: str, home: Path, as_json: bool) -> None:
    """Look up the records that prove the domains behind LINK.

    It exits 0 also where a domain is not proven: nothing is allowed or refused by it.
    """
    setup = build(home).partner_setup
    setup.domain_proof.check_as(command_actor(), link)
    found = setup.domain_proof.of(setup.links.show(command_actor(), link).link)
    rows = [{"domain": one.domain, "state": one.state or "", "name": one.name, "value": one.value} for one in found]
    print_json(rows) if as_json else print_table(rows, ["domain", "state", "name", "value"], "No domains were entered")


@setup_links.command("propose")
@click.argument("link")
@click.option("--replace", is_flag=True, help="Replace a file of this name that is there.")
@home_option
def propose(link: str, replace: bool, home: Path) -> None:
    """Write the file of LINK below var/proposals/.

    It was handed over behind the link and is in force nowhere: put it into config/partners/.
    """
    setup = build(home).partner_setup
    seen = setup.links.show(command_actor(), link).link.answered_at or 0
    for file in setup.written_proposals.write(command_actor(), link, seen, replace=replace).files:
        say(f"Written: {file}")
