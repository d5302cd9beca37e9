"""`/admin/partners/new`: the file of a new partner from a form, judged as the file would be. The portal never writes config/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from broker.connectors.registry import FAMILIES
from broker.services.authorization import Right
from broker.services.partner_setup.drafts import DraftedFile
from broker.services.partner_setup.sandbox import variable
from broker.settings.errors import ConfigError
from broker.settings.partner_draft import PartnerDraft
from broker.web import headers
from broker.web.admin import lists
from broker.web.admin import partners as room
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.i18n import _

PATH = f"{room.PATH}/new"
FIELDS = (
    "id", "name", "domains", "protocol", "issuer", "client_id", "credential", "metadata", "entity_id", "email_claim", "name_claim",
    "mfa", "trust_email", "members",
)  # fmt: skip
PLACES = {  # key of the file -> field of the form; the longest beginning counts
    "name": "name", "domains": "domains", "members": "members", "oidc": "issuer", "oidc.client_id": "client_id",
    "oidc.client_secret": "credential", "saml": "metadata", "saml.entity_id": "entity_id", "claims.email": "email_claim",
    "claims.name": "name_claim", "trust": "mfa",
}  # fmt: skip
SECRET, KEY = "secret", "key"  # how the broker proves itself over OIDC


def register(routes: Blueprint, door: Door) -> None:
    """The form, what it makes, and the file to download."""
    service = door.broker.partner_setup.drafts

    @routes.get(PATH)
    @door.page(Right.KEEP_PARTNERS)
    def admin_partner_new(visit: StaffVisit) -> Response:
        lists.state(PATH, {})
        return _page(door, visit, {"protocol": "oidc", "credential": SECRET}, None)

    @routes.post(PATH)
    @door.button(Right.KEEP_PARTNERS)
    def draft_partner(visit: StaffVisit) -> Response:
        form = PostedForm(request, (*FIELDS, "download"))
        wish = draft(form.values)
        found = service.judge(visit.actor, wish, variable(wish.id) if _has_secret(form.values) else "")
        if form.get("download") and not found.errors:
            return as_file(wish.text, f"{wish.id}.yaml")
        return _page(door, visit, form.values, found)


def as_file(text: str, name: str, kind: str = "application/yaml") -> Response:
    """A file to download. name: checked by the caller that made the file's text."""
    response = headers.private(Response(text, mimetype=kind))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def draft(values: Mapping[str, str]) -> PartnerDraft:
    """The file that the form describes."""
    given = {name: value.strip() for name, value in values.items()}
    section = given["protocol"] if given["protocol"] in FAMILIES else next(iter(FAMILIES))
    by_key = given["credential"] == KEY
    keys: dict[str, dict[str, object]] = {
        "oidc": {
            "issuer": given["issuer"],
            "client_id": given["client_id"],
            "client_secret": "" if by_key else f"${{env:{variable(given['id'])}}}",
            "client_authentication": "private_key_jwt" if by_key else "",
        },
        "saml": {"metadata": given["metadata"], "entity_id": given["entity_id"]},
    }
    claims = {"email": given["email_claim"], "name": given["name_claim"]}
    return PartnerDraft(
        id=given["id"],
        name=given["name"],
        section=section,
        keys=keys[section],
        domains=tuple(dict.fromkeys(given["domains"].replace(",", " ").split())),
        members=given["members"] == "yes",
        claims={claim: source for claim, source in claims.items() if source},
        trust={"email": given["trust_email"] == "yes", "mfa": tuple(given["mfa"].replace(",", " ").split())},
    )


def _has_secret(values: Mapping[str, str]) -> bool:
    return values["protocol"].strip() == "oidc" and values["credential"] != KEY


def problems(errors: Sequence[ConfigError]) -> list[dict[str, str]]:
    """What is wrong, each at its field; one of another file, and one of no field, at the id."""
    return [{"field": _field(one), "message": f"{one.key}: {one.message}"} for one in errors]


def _field(error: ConfigError) -> str:
    known = [key for key in PLACES if error.key == key or error.key.startswith(f"{key}.")]
    return PLACES[max(known, key=len)] if known else "id"


def _page(door: Door, visit: StaffVisit, values: Mapping[str, str], found: DraftedFile | None) -> Response:
    say, errors = door.pages.translator(), problems(found.errors) if found else []
    given: dict[str, Any] = {name: values.get(name, "") for name in FIELDS}
    return door.render(
        visit,
        "admin_partner_new.html",
        status=400 if errors else 200,
        here=room.PATH,
        keep={} if request.method == "GET" else None,
        values=given,
        protocols=[(kind, family.title) for kind, family in FAMILIES.items()],
        credentials=[(SECRET, say.gettext(_("with a secret"))), (KEY, say.gettext(_("with our key (private_key_jwt)")))],
        errors=errors,
        file=found.draft.file if found and not errors else "",
        text=found.draft.text if found and not errors else "",
        variable=variable(found.draft.id) if found and _has_secret(values) else "",
        replaces=bool(found and found.replaces),
        action=door.pages.path(PATH),
        back_url=door.pages.path(room.PATH),
    )
