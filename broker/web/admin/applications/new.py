"""`/admin/applications/new`: a form that writes the file of a new application. Nothing is stored: an administrator puts it in place."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.services.applications.drafts import DEFAULT_SCOPES, DraftedApplication, DraftProblem, NewApplication
from broker.services.authorization import Right
from broker.web import headers
from broker.web.admin import lists
from broker.web.admin.applications.texts import PATH as LIST
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.i18n import Translator, _

PATH = f"{LIST}/new"
FIELDS = (
    "client_id", "name", "redirect_uris", "post_logout_redirect_uris", "launch_url", "credential", "jwks_uri", "owners", "opens", "roles",
    "scopes", "request",
)  # fmt: skip
CREDENTIALS = {
    "secret": _("A client secret"),
    "jwks_uri": _("A key of its own, at an address (private_key_jwt)"),
    "public": _("Nothing: it runs in a browser or on a phone"),
}
OPENS = {"assigned": _("Only people who are assigned"), "everyone": _("Every guest")}
REQUEST = {"no": _("No"), "yes": _("Yes, and the owners answer")}
START = {
    "credential": "secret", "opens": "assigned", "scopes": " ".join(DEFAULT_SCOPES), "request": "no",
}  # fmt: skip
_FIELD_OF = {"file": "client_id", "client_secret": "credential", "assignment_required": "opens", "self_service": "request"}


def register(routes: Blueprint, door: Door) -> None:
    """The form, and what it writes."""

    @routes.get(PATH)
    @door.page(Right.KEEP_APPLICATIONS)
    def admin_application_new(visit: StaffVisit) -> Response:
        lists.state(PATH, {})
        return _page(door, visit, {}, None)

    @routes.post(PATH)
    @door.button(Right.KEEP_APPLICATIONS)
    def draft_application(visit: StaffVisit) -> Response:
        form = PostedForm(request, (*FIELDS, "download"))
        made = door.broker.applications.drafts.write(visit.actor, _wish(form))
        if form.get("download") and not made.problems:
            return _file(made)
        return _page(door, visit, form.values, made)


def _wish(form: PostedForm) -> NewApplication:
    """What the form asks for. A choice that it does not offer is its first one."""
    credential = form.get("credential")
    return NewApplication(
        client_id=form.get("client_id").strip(),
        name=form.get("name").strip(),
        redirect_uris=_lines(form.get("redirect_uris")),
        post_logout_redirect_uris=_lines(form.get("post_logout_redirect_uris")),
        launch_url=form.get("launch_url").strip(),
        credential="jwks_uri" if credential == "jwks_uri" else "public" if credential == "public" else "secret",
        jwks_uri=form.get("jwks_uri").strip(),
        owners=_lines(form.get("owners")),
        assignment_required=form.get("opens") != "everyone",
        roles=_lines(form.get("roles")),
        scopes=tuple(form.get("scopes").replace(",", " ").split()),
        request=form.get("request") == "yes",
    )


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a field, without empty ones."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _file(made: DraftedApplication) -> Response:
    """The file as a download."""
    response = headers.private(Response(made.text, mimetype="application/yaml"))
    response.headers["Content-Disposition"] = f'attachment; filename="{made.file.rpartition("/")[2]}"'
    return response


def _page(door: Door, visit: StaffVisit, values: dict[str, str], made: DraftedApplication | None) -> Response:
    say = door.pages.translator()
    errors = [error(one) for one in made.problems] if made else []
    return door.render(
        visit,
        "admin_application_new.html",
        here=LIST,
        keep={} if made is None else None,
        shown_at=door.pages.path(PATH),
        status=400 if errors else 200,
        values={**dict.fromkeys(FIELDS, ""), **START, **{name: value for name, value in values.items() if name in FIELDS}},
        errors=errors,
        made=made if made and not errors else None,
        action=door.pages.path(PATH),
        back_url=door.pages.path(LIST),
        **choices(say),
    )


def choices(say: Translator) -> dict[str, Any]:
    """What the selects offer."""
    some = {"credentials": CREDENTIALS, "opens": OPENS, "requests": REQUEST}
    return {name: [(key, say.gettext(text)) for key, text in found.items()] for name, found in some.items()}


def error(one: DraftProblem) -> dict[str, str]:
    """A problem at its field. The words are those of `broker check`, which are English everywhere."""
    key = one.key.partition(".")[0]
    return {
        "field": _FIELD_OF.get(key, key),
        "message": f"{one.key}: {one.message}",
    }
