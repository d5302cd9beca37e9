"""The first page of the portal for the gallery: a busy day and a quiet one."""

from __future__ import annotations

from typing import Any

from broker.domain.times import DAY
from broker.services.attention.needs import Attention, EndingAccess, RefusedSignIns, SignInDay, UndeliveredMail
from broker.services.doctor import advice
from broker.services.partners.health import CertificateEnd, PartnerFault
from broker.web.admin import home
from broker.web.pages import Pages
from tests.clock import START

BUSY = Attention(
    now=START,
    requests=3,
    refused=(
        RefusedSignIns(
            reason="saml_signature", partner="woodgrove", name="Woodgrove", count=8, last=START - 240,
            advice=advice.of("saml_signature"),
        ),
        RefusedSignIns(
            reason="not_invited", partner="fabrikam", name="Fabrikam", count=1, last=START - 7200, advice=advice.of("not_invited"),
        ),
    ),
    faults=(PartnerFault(partner="adatum", name="Adatum", document="jwks", problem="jwks_format", works=False),),
    certificates=(
        CertificateEnd(partner="fabrikam", name="Fabrikam", fingerprint="ab" * 32, ends=START + 15 * DAY, newest=True),
    ),
    ending=(EndingAccess(guests=18),),
    without_sponsor=5,
    mails=(UndeliveredMail(person_id="p", recipient="lena@adatum.example", problem="550 5.1.1 no such user", at=START - 3600),),
)  # fmt: skip
DAYS = tuple(
    SignInDay(START // DAY * DAY - back * DAY, 150 - 17 * (back % 5) if back % 7 not in (0, 6) else 31, (back * 7) % 11)
    for back in reversed(range(28))
)


def busy(pages: Pages) -> dict[str, Any]:
    """Everything that a day can bring."""
    say = pages.languages.translator("en")
    lines = [home.shown(line, line.url) for line in home.lines(BUSY, say)]
    return {"lines": lines, "days": home.days(DAYS, say), "sign_ins_url": "/admin/sign-ins", "add_url": "/admin/guests/new"}


def quiet(pages: Pages) -> dict[str, Any]:
    """Nothing needs anybody."""
    return {"lines": [], "days": home.days(DAYS, pages.languages.translator("en")), "sign_ins_url": "", "add_url": ""}
