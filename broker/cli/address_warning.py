"""A warning about an invited address that can be a mistake or an imitation (IN-13)."""

from __future__ import annotations

import click

from broker.cli.output import plain

_APOSTROPHES = "\u2018\u2019\u02bc\u00b4`"  # what becomes of ' in a word processor (FB-17)


def address_warning(email: str, lookalike: str | None) -> str | None:
    """One line that asks the inviter to check the address; None if nothing about it is suspicious (IN-13)."""
    from broker.services.invitations.lookalike import MIXED, readable

    apostrophe = next((c for c in email.rpartition("@")[0] if c in _APOSTROPHES), None)
    if apostrophe is not None:
        return f"look twice: the address has {apostrophe}, as word processors write it, and most addresses have ' there"
    if lookalike is None:
        return None
    domain = email.rpartition("@")[2]
    shown = readable(domain) + (f" ({domain})" if readable(domain) != domain else "")
    if lookalike == MIXED:
        return f"look twice: {shown} mixes letters of several scripts, which can imitate another name"
    return f"look twice: {shown} can be taken for {readable(lookalike)}, and is another"


def warn_of_address(email: str, lookalike: str | None) -> None:
    """The same on standard error."""
    said = address_warning(email, lookalike)
    if said is not None:
        click.echo(plain(said), err=True)
