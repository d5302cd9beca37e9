"""What the files name, with what the database knows of it: applications and partners, for lists and pages (FC-11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broker.domain.errors import NotFound
from broker.domain.ids import file_id
from broker.domain.receipt import Outcome, Search
from broker.services.core import Core
from broker.services.partners import health
from broker.services.partners.families import callback_of
from broker.services.partners.health import CertificateEnd
from broker.settings.federated_partner import FederatedPartner
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile, PartnerFile
from broker.settings.policy_file import PolicyFile
from broker.storage.directory import guest_pages
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.engine import Connection
from broker.storage.login import receipts
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument
from broker.storage.partners.federation_entities import owner_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSeen:
    """An application. id: its stable UUID. No secret is in it. last_sign_in: None where no receipt tells of one."""

    id: str
    client_id: str
    name: str
    client_type: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    launch_url: str | None
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    owners: tuple[str, ...]
    subject_type: str
    id_token_signed_response_alg: str
    require_pkce: bool
    assignment_required: bool
    api_permissions: tuple[str, ...]
    policies: tuple[str, ...]
    last_sign_in: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSeen:
    """A partner. id: the file's name. register: what is registered there for us. problem: why its documents cannot be had now."""

    id: str
    uuid: str
    name: str
    protocol: str
    issuer: str | None
    domains: tuple[str, ...]
    members: bool
    trust_email: bool
    trust_mfa: tuple[str, ...]
    register: str
    status: str
    problem: str | None
    fetched_at: int | None
    last_sign_in: int | None


class Catalog:
    """Reads only. The caller must be allowed to read: the command line is, other callers check it above."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def applications(self) -> list[ApplicationSeen]:
        """Every application, by client_id."""
        settings = self._settings()
        with self._db.read() as tx:
            return [_application(tx, settings, file) for _, file in sorted(settings.applications.items())]

    def application(self, client_id: str) -> ApplicationSeen:
        """One. Raises NotFound."""
        settings = self._settings()
        file = settings.applications.get(client_id)
        if file is None:
            raise NotFound(f"there is no application {client_id!r}; {_known(settings.applications)}", "application_unknown")
        with self._db.read() as tx:
            return _application(tx, settings, file)

    def partners(self) -> list[PartnerSeen]:
        """Every partner, by id."""
        settings = self._settings()
        with self._db.read() as tx:
            held: dict[str, list[StoredDocument]] = {}
            for row in documents.all_of(tx):
                held.setdefault(row.partner, []).append(row)
            return [_partner(tx, settings, file, held.get(name, ())) for name, file in sorted(settings.partners.items())]

    def partner(self, partner_id: str) -> PartnerSeen:
        """One. Raises NotFound."""
        settings = self._settings()
        file = settings.partners.get(partner_id)
        if file is None:
            raise NotFound(f"there is no partner {partner_id!r}; {_known(settings.partners)}", "partner_unknown")
        owner = owner_of(partner_id.partition("/")[0]) if isinstance(file, FederatedPartner) else partner_id
        with self._db.read() as tx:
            return _partner(tx, settings, file, documents.of_partner(tx, owner).values())

    def certificates(self) -> tuple[CertificateEnd, ...]:
        """The signing certificates of every partner's metadata, the first to end first."""
        with self._db.read() as tx:
            return health.certificates(self._settings(), documents.all_of(tx))

    def guests_of(self, partner_id: str, *, most: int) -> int:
        """How many guests signed in at this partner last, counted up to `most`."""
        with self._db.read() as tx:
            return guest_pages.count(tx, GuestFilter(partner=partner_id), most=most)


def policies_of(policies: Iterable[PolicyFile], client_id: str) -> list[PolicyFile]:
    """The policies that speak of an application, unless they are disabled."""
    return [
        policy
        for policy in policies
        if policy.state != "disabled"
        and (policy.applications.include == "all" or client_id in policy.applications.include)
        and client_id not in policy.applications.exclude
    ]


def _application(tx: Connection, settings: Settings, file: ApplicationFile) -> ApplicationSeen:
    return ApplicationSeen(
        id=file_id(settings.issuer, "application", file.client_id),
        client_id=file.client_id,
        name=file.name,
        client_type=file.client_type,
        redirect_uris=tuple(file.redirect_uris),
        post_logout_redirect_uris=tuple(file.post_logout_redirect_uris),
        launch_url=file.launch_url,
        scopes=tuple(file.scopes),
        roles=tuple(file.roles),
        owners=tuple(file.owners),
        subject_type=file.subject_type,
        id_token_signed_response_alg=file.id_token_signed_response_alg,
        require_pkce=file.require_pkce or file.fapi or file.client_type == "public",
        assignment_required=file.assignment_required,
        api_permissions=tuple(file.api_permissions),
        policies=tuple(policy.id for policy in policies_of(settings.policies.values(), file.client_id)),
        last_sign_in=_last(tx, Search(application=file.client_id, outcome=Outcome.ALLOWED)),
    )


def _partner(tx: Connection, settings: Settings, file: PartnerFile, rows: Iterable[StoredDocument]) -> PartnerSeen:
    held = list(rows)
    problem = next((row.problem for row in held if row.problem is not None), None)
    missing = problem is not None and any(row.body is None for row in held)
    fetched = [row.fetched_at for row in held if row.fetched_at is not None]
    return PartnerSeen(
        id=file.id,
        uuid=file_id(settings.issuer, "partner", file.id),
        name=file.name,
        protocol=file.protocol,
        issuer=file.issuer or None,
        domains=tuple(file.domains),
        members=file.members,
        trust_email=file.trust.email,
        trust_mfa=tuple(file.trust.mfa),
        register=callback_of(settings, file),
        status="unavailable" if missing else "stale" if problem else "ready" if held else "not visited yet",
        problem=problem,
        fetched_at=min(fetched, default=None),
        last_sign_in=_last(tx, Search(partner=file.id, outcome=Outcome.ALLOWED)),
    )


def _last(tx: Connection, search: Search) -> int | None:
    return next((receipt.at for receipt, _ in receipts.newest(tx, search, 1)), None)


def _known(names: Iterable[str]) -> str:
    return f"there are {', '.join(sorted(names)[:20]) or 'none'}"
