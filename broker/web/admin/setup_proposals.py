"""`/admin/setup-links/ID`: what a partner's IT handed over, and what an administrator makes of it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, Conflict, NotFound
from broker.domain.setup_link import HEALTH_PAGE, SetupDecision, SetupLink
from broker.services.authorization import Right
from broker.services.partner_setup.written_proposals import CLOSED, EXISTS
from broker.web import findings, partner_health
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.partner_new import as_file

PATH = "/admin/setup-links"
UNWRITTEN = {EXISTS: "exists", CLOSED: "closed"}  # why nothing was written -> what the page says
DECISIONS = {"accept": SetupDecision.ACCEPTED, "reject": SetupDecision.REJECTED}


def register(routes: Blueprint, door: Door) -> None:
    """The file, the metadata, a proposal on the server, the proofs of domains, and the decision."""
    _register_answer(routes, door)
    _register_acts(routes, door)


def _register_answer(routes: Blueprint, door: Door) -> None:
    service = door.broker.partner_setup.proposals

    @routes.get(f"{PATH}/<uuid:setup_link>/file")
    @door.page(Right.SEE_PARTNERS)
    def setup_link_file(visit: StaffVisit, setup_link: UUID) -> Response:
        found = service.show(visit.actor, str(setup_link))
        if found is None:
            raise NotFound("nothing was entered", "setup_file_none")
        return as_file(found.text, f"{found.link.partner}.yaml")

    @routes.get(f"{PATH}/<uuid:setup_link>/metadata")
    @door.page(Right.SEE_PARTNERS)
    def setup_link_metadata(visit: StaffVisit, setup_link: UUID) -> Response:
        found = service.metadata(visit.actor, str(setup_link))
        return as_file(found, "metadata.xml", "application/samlmetadata+xml")


def _register_acts(routes: Blueprint, door: Door) -> None:
    service = door.broker.partner_setup.proposals

    @routes.post(f"{PATH}/<uuid:setup_link>/decide")
    @door.button(Right.KEEP_PARTNERS)
    def decide_setup_link(visit: StaffVisit, setup_link: UUID) -> Response:
        form = PostedForm(request, ("answer", "answered_at", "reason", "days"))
        if form.get("answer") not in DECISIONS or not re.fullmatch(
            r"[0-9]{1,12} [0-9]{0,3}", f"{form.get('answered_at')} {form.get('days')}"
        ):
            raise BadRequest("accept")
        decision = DECISIONS[form.get("answer")]
        try:
            seen, reason = int(form.get("answered_at")), form.get("reason").strip()[:1000]
            service.decide(visit.actor, str(setup_link), decision, seen, reason, days=int(form.get("days") or 0))
        except Conflict:
            return door.go(visit, f"{PATH}/{setup_link}", "changed")
        return door.go(visit, f"{PATH}/{setup_link}", decision.value)

    @routes.post(f"{PATH}/<uuid:setup_link>/proposal")
    @door.button(Right.KEEP_PARTNERS)
    def write_setup_proposal(visit: StaffVisit, setup_link: UUID) -> Response:
        form = PostedForm(request, ("answered_at", "replace"))
        if not re.fullmatch(r"[0-9]{1,12}", form.get("answered_at")):
            raise BadRequest("answered_at")
        seen, replace = int(form.get("answered_at")), form.get("replace") == "yes"
        try:
            door.broker.partner_setup.written_proposals.write(visit.actor, str(setup_link), seen, replace=replace)
        except Conflict as error:
            return door.go(visit, f"{PATH}/{setup_link}", UNWRITTEN.get(error.reason, "changed"))
        return door.go(visit, f"{PATH}/{setup_link}", "written")

    @routes.post(f"{PATH}/<uuid:setup_link>/domains")
    @door.button(Right.KEEP_PARTNERS)
    def look_up_setup_domains(visit: StaffVisit, setup_link: UUID) -> Response:
        PostedForm(request, ())
        door.broker.partner_setup.domain_proof.check_as(visit.actor, str(setup_link))
        return door.go(visit, f"{PATH}/{setup_link}", "looked")


def shown(door: Door, visit: StaffVisit, link: SetupLink) -> dict[str, Any]:
    """What was entered, for the template."""
    say = door.pages.translator()
    found, path = door.broker.partner_setup.proposals.show(visit.actor, link.id), f"{PATH}/{link.id}"
    marks = {"+": "plus", "-": "minus", " ": ""}
    return {
        "text": found.text if found else "",
        "file": found.file if found else "",
        "file_url": door.pages.path(f"{path}/file"),
        "metadata_file": found.metadata_file if found else "",
        "metadata_url": door.pages.path(f"{path}/metadata"),
        "variable": found.variable if found else "",
        "command": f"broker setup-links secret {link.id}",
        "findings": findings.steps(found.findings, say) if found else [],
        "difference": [(marks.get(line[0], ""), line) for line in found.difference] if found else [],
        **findings.trial(door.broker.partner_setup.connection.trial_of(link), say),
        "proposal_action": door.pages.path(f"{path}/proposal"),
        "health": partner_health.shared(door.broker.partner_setup.shared_health.of(link), door.broker.core.clock(), say),
        "now": door.broker.core.clock(),
        "longest": HEALTH_PAGE,
        "proofs": findings.proofs(door.broker.partner_setup.domain_proof.of(link), say),
        "proofs_action": door.pages.path(f"{path}/domains"),
        "finished_at": link.finished_at,
        "answered_at": link.answered_at,
        "decide_action": door.pages.path(f"{path}/decide"),
    }
