"""Stored findings of doctor, for the pages that show them to a partner and to staff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from broker.domain.setup_link import SetupTrial
from broker.web.i18n import Translator, _

SIDES = {"ours": _("We change it."), "partner": _("You change it."), "person": _("The person changes it.")}
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
