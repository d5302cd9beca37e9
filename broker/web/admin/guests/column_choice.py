"""The columns of the list of guests, and a choice of them as one word of the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.services.guests.staff_view import GuestOrder
from broker.web.i18n import _

NONE = "none"  # the name alone


@dataclass(frozen=True, slots=True)
class Column:
    """name: its head. sort: the order of a click on the head, and its direction. heads: the columns of the export that it stands for."""

    name: str
    sort: GuestOrder | None
    direction: str
    heads: tuple[str, ...]


COLUMNS: Mapping[str, Column] = {
    "state": Column(_("State"), None, "", ("state",)),
    "home": Column(_("Signs in at"), None, "", ("partner",)),
    "sponsor": Column(_("Sponsor"), None, "", ("sponsor",)),
    "ends": Column(_("Ends"), GuestOrder.ENDS, "ascending", ("expires_at",)),
    "seen": Column(_("Last sign-in"), GuestOrder.SEEN, "descending", ("last_sign_in",)),
    "added": Column(_("Added"), None, "", ("created_at",)),
}
USUAL = ("state", "home", "sponsor", "ends", "seen")


def joined(names: Sequence[str]) -> str:
    """As the address and the cookie have them."""
    return ".".join(names) or NONE


def is_good(value: str) -> bool:
    """Whether a value of the address can be one: known names, each once, in their order."""
    return read(value) is not None


def read(value: str) -> tuple[str, ...] | None:
    """The names of a written choice; None where it is none."""
    names = () if value == NONE else tuple(value.split("."))
    return names if names == tuple(name for name in COLUMNS if name in names) else None
