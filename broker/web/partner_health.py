"""How a partner does, for the templates of the portal and of the page that its IT can open."""

from __future__ import annotations

from typing import Any

from broker.domain.times import YEAR
from broker.services.partner_setup.connection import told
from broker.services.partner_setup.shared_health import SharedHealth
from broker.services.partners.health import SOON, CertificateEnd
from broker.web import findings
from broker.web.i18n import Translator


def certificate(one: CertificateEnd, now: int, say: Translator) -> dict[str, Any]:
    """For the macro `certificate_line`: 12 months are its whole length."""
    lasts = max(0.0, min(100.0, 100 * (one.ends - now) / YEAR))
    day = say.short_date(one.ends)
    text = say.gettext("ended on %(day)s", day=day) if one.ends <= now else say.gettext("until %(day)s", day=day)
    return {
        "lasts": lasts,
        "soon": one.newest and one.ends <= now + SOON,
        "text": text,
        "fingerprint": f"{one.fingerprint[:16]}...",
    }


def shared(found: SharedHealth | None, now: int, say: Translator) -> dict[str, Any] | None:
    """For the macro `shared_health`; None where there is nothing to share."""
    if found is None:
        return None
    return {
        "last_sign_in": found.last_sign_in,
        "certificates": [certificate(one, now, say) for one in found.certificates],
        "steps": findings.steps([told(one) for one in found.findings], say),
    }
