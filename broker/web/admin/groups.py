"""`/admin/groups`: the groups, one group's members and owners, its rule with a preview, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, CommandError, Conflict, Invalid, NotFound
from broker.services.access.rule_preview import RulePreview
from broker.services.authorization import Right
from broker.web import feedback
from broker.web.admin import lists
from broker.web.admin.applications.list_page import link
from broker.web.admin.door import Door, StaffVisit
from broker.web.i18n import _
from broker.web.request import single

PATH = "/admin/groups"
SHOWN = 50  # groups, or members, on a page
SAID = {
    "created": _("The group exists now."),
    "added": _("People added: %(count)s."),
    "removed": _("People removed: %(count)s. What the group gave them has ended."),
    "owners": _("The owners have changed."),
    "rule": _("The rule has changed. The group is empty; people join again when they sign in."),
    "deleted": _("The group is deleted, and what it gave its members has ended."),
}
WRONG = {  # reason -> (field, text)
    "group_name": ("name", _("Write a name of at most 128 characters, without @.")),
    "group_exists": ("name", _("There is a group of this name already. Choose another name.")),
    "address_invalid": ("email", _("This is no e-mail address. Write one, such as ada@fabrikam.example.")),
    "guest_unknown": ("email", _("Nobody here has this address. Invite them first.")),
    "owner_unknown": ("email", _("This address does not own the group.")),
    "last_owner": ("email", _("This is the only owner. Name another one first.")),
    "group_rule": ("rule", ""),
    "group_rule_partner": ("rule", ""),
    "partner_unknown": ("rule", ""),
}


def register(routes: Blueprint, door: Door) -> None:
    """Every route of groups."""
    _register_list(routes, door)
    _register_group(routes, door)
    _register_owners(routes, door)
    _register_rule(routes, door)
    _register_end(routes, door)


def _register_list(routes: Blueprint, door: Door) -> None:
    @routes.get(PATH)
    @door.page(Right.SEE_GROUPS)
    def admin_groups(visit: StaffVisit) -> Response:
        return _list(door, visit)

    @routes.post(PATH)
    @door.button(Right.KEEP_GROUPS)
    def create_group(visit: StaffVisit) -> Response:
        given = {name: single(request.form, name).strip() for name in ("name", "rule")}
        try:
            made = door.broker.access.groups.create(visit.actor, given["name"], rule=given["rule"] or None)
        except (Invalid, Conflict) as error:
            return _list(door, visit, given, error)
        return door.go(visit, f"{PATH}/{made.id}", "created")


def _register_group(routes: Blueprint, door: Door) -> None:
    service = door.broker.access.groups

    @routes.get(f"{PATH}/<uuid:group>")
    @door.page(Right.SEE_GROUPS)
    def admin_group(visit: StaffVisit, group: UUID) -> Response:
        return _page(door, visit, str(group))

    @routes.post(f"{PATH}/<uuid:group>/members")
    @door.button(Right.FILL_GROUPS)
    def change_members(visit: StaffVisit, group: UUID) -> Response:
        act, names = single(request.form, "act"), [one for one in request.form.getlist("id") if one]
        try:
            if act == "add":
                count = service.add_members(visit.actor, str(group), [single(request.form, "email").strip()])
            elif act == "remove" and 0 < len(names) <= SHOWN:
                count = service.remove_members(visit.actor, str(group), names)
            else:
                raise BadRequest("accept")
        except CommandError as error:
            if act != "add" or error.reason not in WRONG:
                raise
            return _page(door, visit, str(group), {"email": single(request.form, "email")}, error)
        return door.go(visit, f"{PATH}/{group}", "added" if act == "add" else "removed", count)


def _register_owners(routes: Blueprint, door: Door) -> None:
    service = door.broker.access.groups

    @routes.post(f"{PATH}/<uuid:group>/owners")
    @door.button(Right.FILL_GROUPS)
    def change_owners(visit: StaffVisit, group: UUID) -> Response:
        act, email = single(request.form, "act"), single(request.form, "owner").strip()
        if act not in ("add", "remove"):
            raise BadRequest("accept")
        added, removed = ([email], []) if act == "add" else ([], [email])
        try:
            service.change(visit.actor, str(group), add_owners=added, remove_owners=removed)
        except (Invalid, Conflict) as error:
            return _page(door, visit, str(group), {"owner": email}, error, field="owner")
        if not visit.rights.may_everywhere(Right.SEE_GROUPS) and removed == [visit.person.email]:
            return door.go(visit, PATH)
        return door.go(visit, f"{PATH}/{group}", "owners")


def _register_rule(routes: Blueprint, door: Door) -> None:
    service, previews = door.broker.access.groups, door.broker.access.rule_preview

    @routes.get(f"{PATH}/<uuid:group>/rule")
    @door.page(Right.SEE_GROUPS)
    def group_rule(visit: StaffVisit, group: UUID) -> Response:
        shown = lists.state(f"{PATH}/{group}/rule", {"rule": lambda value: len(value) <= 2000})
        draft = shown.filters.get("rule")
        try:
            return _rule(door, visit, str(group), draft, previews.of(visit.actor, str(group), draft))
        except Invalid as error:
            return _rule(door, visit, str(group), draft, None, error)

    @routes.post(f"{PATH}/<uuid:group>/rule")
    @door.button(Right.KEEP_GROUPS)
    def change_rule(visit: StaffVisit, group: UUID) -> Response:
        draft = single(request.form, "rule").strip()
        try:
            service.change(visit.actor, str(group), rule=draft)
        except Invalid as error:
            return _rule(door, visit, str(group), draft, None, error)
        return door.go(visit, f"{PATH}/{group}", "rule")


def _register_end(routes: Blueprint, door: Door) -> None:
    service = door.broker.access.groups

    @routes.get(f"{PATH}/<uuid:group>/delete")
    @door.page(Right.KEEP_GROUPS, proof=True)
    def ask_to_delete(visit: StaffVisit, group: UUID) -> Response:
        found, uses = service.show(visit.actor, str(group), limit=1), service.uses(visit.actor, str(group))
        return door.render(
            visit,
            "admin_group_delete.html",
            here=PATH,
            keep={},
            group=found.group,
            uses=uses,
            action=door.pages.path(f"{PATH}/{group}/delete"),
            back_url=door.pages.path(f"{PATH}/{group}"),
        )

    @routes.post(f"{PATH}/<uuid:group>/delete")
    @door.button(Right.KEEP_GROUPS, proof=True)
    def delete_group(visit: StaffVisit, group: UUID) -> Response:
        service.remove(visit.actor, str(group))
        return door.go(visit, PATH, "deleted")


def _list(door: Door, visit: StaffVisit, given: Mapping[str, str] | None = None, error: CommandError | None = None) -> Response:
    shown = lists.state(PATH, {}) if error is None else lists.ListState(PATH, {})
    cursors = lists.Cursors(door.broker.sealer)
    after = cursors.read(shown) if error is None else None
    found = door.broker.access.groups.listed(visit.actor, after=str(after[0]) if after else "", limit=SHOWN + 1)
    some = found[:SHOWN]
    return door.render(
        visit,
        "admin_groups.html",
        here=PATH,
        keep={} if error is None else None,
        shown_at=door.pages.path(PATH),
        groups=some,
        may_create=visit.rights.may_everywhere(Right.KEEP_GROUPS),
        form={"name": "", "rule": "", **(given or {})},
        errors=_errors(door, error),
        action=door.pages.path(PATH),
        next_url=door.pages.path(cursors.next_url(shown, (some[-1].name,))) if len(found) > SHOWN else "",
        first_url=door.pages.path(PATH) if after else "",
        said=_said(door, visit),
        status=200 if error is None else 400,
    )


def _page(
    door: Door,
    visit: StaffVisit,
    group_id: str,
    given: Mapping[str, str] | None = None,
    error: CommandError | None = None,
    field: str = "",
) -> Response:
    """given: what was filled in; error: why it was refused; field: of the error, where another form has the same reason."""
    path = f"{PATH}/{group_id}"
    shown = lists.state(path, {}) if error is None else lists.ListState(path, {})
    cursors = lists.Cursors(door.broker.sealer)
    after = cursors.read(shown) if error is None else None
    found = door.broker.access.groups.show(visit.actor, group_id, after=str(after[0]) if after else "", limit=SHOWN + 1)
    members, now = found.members[:SHOWN], door.broker.core.clock()
    names = {one.client_id: one.name for one in door.broker.core.settings().applications.values()}
    opened = dict.fromkeys(one.application for one in found.assignments if one.status != "ended")
    may_fill = visit.rights.over_group(Right.FILL_GROUPS, group_id)
    return door.render(
        visit,
        "admin_group.html",
        here=PATH,
        keep={} if error is None else None,
        shown_at=door.pages.path(path),
        group=found.group,
        members=members,
        opens=[{"name": names.get(one, one), "url": link(door, visit, one)} for one in opened],
        now=now,
        may_fill=may_fill,
        may_keep=visit.rights.may_everywhere(Right.KEEP_GROUPS),
        form={"email": "", "owner": "", **(given or {})},
        errors=_errors(door, error, field),
        path=door.pages.path(path),
        back_url=door.pages.path(PATH),
        next_url=door.pages.path(cursors.next_url(shown, (members[-1].id,))) if len(found.members) > SHOWN else "",
        first_url=door.pages.path(path) if after else "",
        said=_said(door, visit),
        status=200 if error is None else 400,
    )


def _rule(
    door: Door,
    visit: StaffVisit,
    group_id: str,
    draft: str | None,
    preview: RulePreview | None,
    error: CommandError | None = None,
) -> Response:
    """A rule and what it would do. draft: the text of the form, None for the group's own rule."""
    found = door.broker.access.groups.show(visit.actor, group_id, limit=1)
    if not found.group.is_dynamic:
        raise NotFound("its members are kept by hand", "group_by_hand")
    path = f"{PATH}/{group_id}/rule"
    return door.render(
        visit,
        "admin_group_rule.html",
        here=PATH,
        keep={} if draft is None else {"rule": draft},
        shown_at=door.pages.path(path),
        group=found.group,
        draft=found.group.rule if draft is None else draft,
        preview=preview,
        may_keep=visit.rights.may_everywhere(Right.KEEP_GROUPS),
        errors=_errors(door, error),
        action=door.pages.path(path),
        back_url=door.pages.path(f"{PATH}/{group_id}"),
        status=200 if error is None else 400,
    )


def _errors(door: Door, error: CommandError | None, field: str = "") -> list[dict[str, str]]:
    """The error of a form. The errors of a rule name a column, so their own sentence is shown."""
    if error is None:
        return []
    name, text = WRONG.get(error.reason, ("email", ""))
    return [{"field": field or name, "message": door.pages.translator().gettext(text) if text else error.message}]


def _said(door: Door, visit: StaffVisit) -> str:
    found = feedback.read(visit.cookie, single(request.args, feedback.FIELD), SAID)
    if found is None:
        return ""
    values = {"count": str(found[1])} if "%(count)s" in found[0] else {}
    return door.pages.translator().gettext(found[0], **values)
