"""Constructs the services of guests."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.guests.changes import DirectoryChanges
from broker.services.guests.directory import Guests
from broker.services.guests.expiry import Ends
from broker.services.guests.lifecycle import GuestLife
from broker.services.guests.own_record import OwnRecord
from broker.services.guests.self_service import SelfService
from broker.services.guests.sponsors import Sponsors
from broker.services.guests.staff_view import StaffGuests
from broker.services.guests.users import ManagedUsers
from broker.services.messages.outbox import Outbox
from broker.services.sessions.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestServices:
    """The guest directory and its changes, its states, sponsors and expiry, and a guest's own page."""

    changes: DirectoryChanges
    directory: Guests
    expiry: Ends
    lifecycle: GuestLife
    own_record: OwnRecord
    self_service: SelfService
    sponsors: Sponsors
    staff_view: StaffGuests
    users: ManagedUsers


def wire_guests(core: Core, outbox: Outbox, sessions: Sessions) -> GuestServices:
    """sessions: a guest sees and ends their own."""
    directory, lifecycle = Guests(core), GuestLife(core)
    return GuestServices(
        changes=DirectoryChanges(core),
        directory=directory,
        expiry=Ends(core, outbox),
        lifecycle=lifecycle,
        own_record=OwnRecord(core),
        self_service=SelfService(core, directory, sessions, lifecycle, outbox),
        sponsors=Sponsors(core),
        staff_view=StaffGuests(core),
        users=ManagedUsers(core),
    )
