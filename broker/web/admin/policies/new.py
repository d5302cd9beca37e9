"""`/admin/policies/new`: writes the file of a policy, to copy or download. The portal never writes config/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.services.authorization import Right
from broker.services.policies.drafts import PolicyWish
from broker.settings.policy_draft import PolicyDraft
from broker.web import headers
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.policies.list_page import PATH
from broker.web.admin.policies.words import ASKS, STATES
from broker.web.i18n import Translator, _

HERE = f"{PATH}/new"
TICKS = ("guests", "members", "except_members", "block", "download", *ASKS)
CHOICES: Mapping[str, Mapping[str, str]] = {
    "state": {"report_only": STATES["report_only"][1], "enabled": STATES["enabled"][1], "disabled": STATES["disabled"][1]},
    "partner_mfa": {
        "": _("It makes no difference"),
        "false": _("Only if no trusted partner did a second step"),
        "true": _("Only if a trusted partner did the second step"),
    },
}
TEXTS = (
    "id", "name", "guest_addresses", "groups", "partners", "except_guests", "except_groups", "except_partners", "applications",
    "except_applications", "networks", "except_networks", "sign_in_frequency",
)  # fmt: skip
FIELDS = (*TEXTS, *TICKS, *CHOICES)
_FIELD_OF: tuple[tuple[str, str], ...] = (  # a key of the file begins so -> the field; the longest first
    ("users.include.groups", "groups"),
    ("users.include.partners", "partners"),
    ("users.include.guests", "guest_addresses"),
    ("users.include", "guests"),
    ("users.exclude.groups", "except_groups"),
    ("users.exclude.partners", "except_partners"),
    ("users.exclude", "except_guests"),
    ("applications.exclude", "except_applications"),
    ("applications", "applications"),
    ("conditions.networks.include", "networks"),
    ("conditions", "except_networks"),
    ("grant", "block"),
    ("session", "sign_in_frequency"),
    ("state", "state"),
    ("name", "name"),
)


def register(routes: Blueprint, door: Door) -> None:
    """The form and the file."""

    @routes.get(HERE)
    @door.page(Right.KEEP_POLICIES)
    def admin_policy_new(visit: StaffVisit) -> Response:
        lists.state(HERE, {})
        return _page(door, visit, {"guests": "yes", "state": "report_only"}, None)

    @routes.post(HERE)
    @door.button(Right.KEEP_POLICIES)
    def write_policy(visit: StaffVisit) -> Response:
        form = PostedForm(request, FIELDS)
        check_form(form.values)
        text, found = door.broker.policy_views.drafts.written(visit.actor, wish(form.values))
        if form.get("download") and not found.errors:
            return _file(form.get("id").strip(), text)
        return _page(door, visit, form.values, (text, found))


def check_form(values: Mapping[str, str]) -> None:
    """Raises BadRequest for a value that the form cannot send."""
    ticks = dict.fromkeys(TICKS, ("", "yes"))
    for name, allowed in {**ticks, **{name: tuple(one) for name, one in CHOICES.items()}}.items():
        if values[name] not in allowed:
            raise BadRequest("bad_value", name)


def wish(values: Mapping[str, str]) -> PolicyWish:
    """What the form asks for. All guests include each of them, so their addresses are left out then."""
    include = {"guests": "all"} if values["guests"] else _filled(guests=_listed(values["guest_addresses"]))
    include |= _filled(groups=_listed(values["groups"]), partners=_listed(values["partners"]), members=bool(values["members"]))
    return PolicyWish(
        id=values["id"].strip(),
        name=values["name"].strip(),
        state=values["state"],
        include=include,
        exclude=_filled(
            guests=_listed(values["except_guests"]),
            groups=_listed(values["except_groups"]),
            partners=_listed(values["except_partners"]),
            members=bool(values["except_members"]),
        ),
        applications=tuple(_listed(values["applications"])),
        excluded_applications=tuple(_listed(values["except_applications"])),
        networks=tuple(_listed(values["networks"])),
        excluded_networks=tuple(_listed(values["except_networks"])),
        partner_mfa={"": None, "true": True, "false": False}[values["partner_mfa"]],
        block=bool(values["block"]),
        require=tuple(word for word in ASKS if values[word]),
        sign_in_frequency=values["sign_in_frequency"].strip(),
    )


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _page(door: Door, visit: StaffVisit, values: Mapping[str, str], found: tuple[str, PolicyDraft] | None) -> Response:
    pages, say = door.pages, door.pages.translator()
    errors = [] if found is None else problems(found[1])
    settings = door.broker.core.settings()
    return door.render(
        visit,
        "admin_policy_new.html",
        status=400 if errors else 200,
        here=PATH,
        keep={} if found is None else None,
        shown_at=pages.path(HERE),
        action=pages.path(HERE),
        replay_url=pages.path(f"{PATH}/replay"),
        values={name: values.get(name, "") for name in FIELDS},
        errors=errors,
        written=None if found is None or errors else {"path": found[1].file, "text": found[0]},
        applications=", ".join(sorted(settings.applications)),
        partners=", ".join(sorted(settings.partners)),
        back_url=pages.path(PATH),
        **choices(say),
    )


def choices(say: Translator) -> dict[str, Any]:
    """The options of the form."""
    return {
        "states": [(value, say.gettext(text)) for value, text in CHOICES["state"].items()],
        "proofs": [(value, say.gettext(text)) for value, text in CHOICES["partner_mfa"].items()],
    }


def problems(found: PolicyDraft) -> list[dict[str, str]]:
    """Each error of the file at its field, in the words of `broker check`, which are English everywhere."""
    return [{"field": _field(one.key), "message": f"{one.key}: {one.message}"} for one in found.errors]


def _field(key: str) -> str:
    return next((field for prefix, field in _FIELD_OF if key == prefix or key.startswith(f"{prefix}.")), "id")


def _file(name: str, text: str) -> Response:
    response = headers.private(Response(text, mimetype="application/yaml"))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return response
