"""What a person may ask for: applications whose file opens them for requests or sign-ups, and that are closed to this person now."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.access_request import AccessRequest
from broker.domain.expiry_rules import LAST
from broker.domain.guest import Person, PersonKind
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import assignments
from broker.storage.engine import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOffer:
    """One application that a person may ask for. latest: the last end that the file allows, None for no limit.

    at_once: nobody needs to approve. by_sign_up: they ask on the sign-up page, which has further questions. request: what this person asked for last, if it is open or was refused.
    """

    client_id: str
    name: str
    role: str
    latest: int | None
    at_once: bool
    by_sign_up: bool = False
    request: AccessRequest | None = None


def is_closed(tx: Connection, file: ApplicationFile, person: Person, now: int) -> bool:
    """Whether a request could give this person something: the role that the file names, or else the application itself."""
    held = [one for one in assignments.holdings(tx, person.id, file.client_id, now) if one.assignment_id is not None]
    role = file.self_service.role or ""
    if role:
        return all(one.role != role for one in held)
    return person.kind is PersonKind.GUEST and file.assignment_required and not held


def latest(file: ApplicationFile, now: int) -> int | None:
    """The last end that a request may give."""
    return None if file.self_service.lifetime is None else min(LAST, now + file.self_service.lifetime)


def candidates(settings: Settings) -> list[ApplicationFile]:
    """The applications that people may ask for, by name."""
    files = (file for file in settings.applications.values() if file.self_service.request or file.self_service.sign_up)
    return sorted(files, key=lambda file: (file.name.casefold(), file.client_id))


def offer(file: ApplicationFile, request: AccessRequest | None, now: int) -> AccessOffer:
    """The view of one application."""
    return AccessOffer(
        client_id=file.client_id,
        name=file.name,
        role=file.self_service.role or "",
        latest=latest(file, now),
        at_once=file.self_service.approval == "none",
        by_sign_up=not file.self_service.request,
        request=request,
    )
