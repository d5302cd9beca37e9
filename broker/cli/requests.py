"""`broker requests`: who asks for access, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broker.cli.actor import command_actor
from broker.cli.options import home_option, json_option
from broker.cli.output import build, print_json, print_record, print_table, say, when
from broker.cli.times import Moment

if TYPE_CHECKING:
    from broker.services.access_requests.views import RequestView

_COLUMNS = ["created_at", "email", "application", "role", "wanted_until", "state", "id"]


@click.group("requests")
def requests() -> None:
    """Requests for access to an application. Name a request by its id."""


@requests.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "approved", "refused", "withdrawn", "expired"]),
    default="open",
    show_default=True,
    help="Only requests of this state.",
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="The largest number of rows.")
@click.option("--after", default="", help="Continue after this request's id.")
@home_option
@json_option
def list_(state: str, limit: int, after: str, home: Path, as_json: bool) -> None:
    """List requests, the newest first."""
    from broker.domain.access_request import RequestState

    service = build(home).access_requests
    before = None
    if after:
        last = service.show(command_actor(), after).view
        before = (last.created_at, last.id)
    rows = [shown(one) for one in service.listed(command_actor(), RequestState(state), before=before, limit=limit)]
    print_json(rows) if as_json else print_table(rows, _COLUMNS, "No requests.")


@requests.command("show")
@click.argument("request")
@home_option
@json_option
def show(request: str, home: Path, as_json: bool) -> None:
    """Show one request.

    With what the person has already, and how many of their colleagues have it.
    """
    found = build(home).access_requests.show(command_actor(), request)
    row = shown(found.view) | {
        "last_sign_in": when(found.view.last_sign_in),
        "has_already": [
            {"role": one.role or None, "through": one.group or None, "ends_at": when(one.ends_at)} for one in found.held
        ],
        "colleagues": None if found.colleagues is None else f"{found.colleagues[0]} of {found.colleagues[1]}",
    }
    print_json(row) if as_json else print_record(row)


@requests.command("approve")
@click.argument("request")
@click.option("--until", type=Moment(through=True), help="The last day of the access; without it, as the person asked.")
@click.option("--message", default="", help="Words for the person who asked.")
@home_option
@json_option
def approve(request: str, until: Callable[[int], int] | None, message: str, home: Path, as_json: bool) -> None:
    """Approve a request.

    The person gets the assignment and an e-mail.
    """
    broker = build(home)
    service, actor = broker.access_requests, command_actor()
    asked = service.show(actor, request).view
    end = until(broker.core.clock()) if until else asked.wanted_until
    service.approve(actor, request, until=end, words=message)
    found = service.show(actor, request).view
    last = f" until {when(found.ends_at)}" if found.ends_at else ""
    print_json(shown(found)) if as_json else say(f"{found.email} may use {found.application_name}{last}")


@requests.command("refuse")
@click.argument("request")
@click.option("--message", required=True, help="Words for the person who asked.")
@home_option
@json_option
def refuse(request: str, message: str, home: Path, as_json: bool) -> None:
    """Refuse a request. The person gets an e-mail with your words."""
    service, actor = build(home).access_requests, command_actor()
    service.refuse(actor, request, words=message)
    found = service.show(actor, request).view
    print_json(shown(found)) if as_json else say(f"{found.email}: request for {found.application_name} refused")


def shown(one: RequestView) -> dict[str, Any]:
    """A request as JSON."""
    return {
        "id": one.id,
        "state": one.state.value,
        "guest_id": one.person_id,
        "email": one.email,
        "name": one.name or None,
        "organization": one.partner or None,
        "application": one.application,
        "role": one.role or None,
        "reason": one.reason,
        "wanted_until": when(one.wanted_until),
        "created_at": when(one.created_at),
        "expires_at": when(one.expires_at),
        "decided_at": when(one.decided_at),
        "decided_by": one.decided_by or None,
        "ends_at": when(one.ends_at),
        "answer": one.answer or None,
    }
