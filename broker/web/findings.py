"""Stored findings of doctor, for the pages that show them to a partner and to staff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from broker.domain.setup_link import DomainProof, ProofState, SetupTrial
from broker.web.i18n import Translator, _

SIDES = {"ours": _("We change it."), "partner": _("You change it."), "person": _("The person changes it.")}
PROOFS = {  # what the DNS said -> shape, word and reason
    ProofState.PROVEN: ("well", _("Proven"), ""),
    ProofState.ABSENT: ("waits", _("Not proven"), _("There is no such record.")),
    ProofState.OTHER: ("attention", _("Not proven"), _("The record says something else.")),
    ProofState.UNKNOWN: ("attention", _("Not proven"), _("The DNS gave no answer.")),
    None: ("ahead", _("Not looked up yet"), ""),
}
STEPS = {"problem": "stopped", "warning": "warned", "ok": "passed"}


def steps(findings: Iterable[Any], say: Translator) -> list[dict[str, str]]:
    """Stored findings of doctor for the macro `thread`, the worst first, and who has to change something."""
    order = list(STEPS)
    return [
        {
            "state": STEPS[one["level"]],
            "text": one["seen"],
            "when": "",
            "reason": "; ".join(filter(None, (one["expected"] and f"expected: {one['expected']}", one["change"]))),
            "who": say.plain(SIDES[one["side"]]) if one["side"] in SIDES and one["change"] else "",
        }
        for one in sorted(findings, key=lambda one: order.index(one["level"]))
    ]


def trial(found: SetupTrial | None, say: Translator) -> dict[str, Any]:
    """What came of the last trial sign-in, for the templates: when, and its findings."""
    return {"tried_at": found.at if found else None, "trial": steps(found.findings, say) if found else []}


def proofs(found: Iterable[DomainProof], say: Translator) -> list[dict[str, Any]]:
    """The domains behind a set-up link, for the macro `domain_proofs`."""
    return [
        {
            "domain": one.domain,
            "name": one.name,
            "value": one.value,
            "kind": PROOFS[one.state][0],
            "word": say.gettext(PROOFS[one.state][1]),
            "reason": say.gettext(PROOFS[one.state][2]) if PROOFS[one.state][2] else "",
            "proven": one.state is ProofState.PROVEN,
            "at": one.at,
        }
        for one in found
    ]
