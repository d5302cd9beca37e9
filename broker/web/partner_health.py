"""How a partner does, for the templates of the portal and of the page that its IT can open."""

from __future__ import annotations

from typing import Any

from broker.domain.times import YEAR
from broker.services.doctor.rollover import BAD, Rehearsed, Rollover
from broker.services.partner_setup.connection import told
from broker.services.partner_setup.shared_health import SharedHealth
from broker.services.partners.health import SOON, CertificateEnd
from broker.web import findings
from broker.web.i18n import Translator, _

_REHEARSED = {  # what would happen, and what to do about it
    Rollover.THEIR_NEXT_HELD: (
        _("A new key of the partner: signatures of it are accepted today"),
        _("We hold %(num)s signing keys of the partner. Each of them counts, so the change needs no appointment."),
    ),
    Rollover.THEIR_NEXT_FETCHED: (
        _("A new key of the partner: it is accepted from the first sign-in on"),
        _("We hold one signing key. A signature of another has us fetch the published keys at once. So publish the new key before you sign with it."),
    ),
    Rollover.THEIR_NEXT_UNREACHABLE: (
        _("A new key of the partner: nobody could sign in"),
        _("The published keys could not be fetched the last time (%(reason)s), so we would not learn of a new one."),
    ),
    Rollover.THEIR_NEXT_BY_HAND: (
        _("A new key of the partner: nobody could sign in"),
        _("We hold a copy of the metadata that is not fetched. Send a copy with the old and the new key before you sign with the new one, or an address to fetch it from."),
    ),
    Rollover.THEIR_KEYS_UNREAD: (
        _("A new key of the partner: not known yet"),
        _("The partner's keys are read at the first sign-in."),
    ),
    Rollover.OUR_NEXT_READ: (
        _("Our new key: the partner's side has read it"),
        _("It stands in our metadata, and takes over on %(day)s."),
    ),
    Rollover.OUR_NEXT_UNREAD: (
        _("Our new key: the partner's side has not read it"),
        _("It stands in our metadata, and takes over on %(day)s. Load our metadata again from the partner's own address before that day."),
    ),
    Rollover.OUR_NEXT_LATER: (
        _("Our new key: no change is planned"),
        _("The next key stands in our metadata %(num)s days before it takes over. The partner's side last read our metadata on %(day)s."),
    ),
    Rollover.OUR_NEXT_NEVER_READ: (
        _("Our new key: the partner's side would miss it"),
        _("The next key stands in our metadata %(num)s days before it takes over, but nobody has read it at the partner's own address yet. Let your side load our metadata from there, once a day."),
    ),
    Rollover.OUR_KEYS_ON_DEMAND: (
        _("Our new key: it is accepted from the first sign-in on"),
        _("The partner's side fetches our published keys when it meets one that it does not know."),
    ),
    Rollover.OUR_KEYS_BY_HAND: (
        _("Our new key: its certificate has to be registered first"),
        _("The partner's side knows our key by a certificate that was registered by hand. Register the next one before we sign with it."),
    ),
    Rollover.OUR_KEYS_UNUSED: (
        _("Our new key: nothing changes"),
        _("The partner's side checks nothing with a key of ours."),
    ),
}  # fmt: skip


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
        "rehearsal": [_rehearsed(one, say) for one in found.rehearsal],
    }


def _rehearsed(one: Rehearsed, say: Translator) -> dict[str, Any]:
    """A step of the macro `thread`."""
    text, reason = _REHEARSED[one.what]
    num = say.number(one.keys if one.what is Rollover.THEIR_NEXT_HELD else one.days)
    return {
        "state": "warned" if one.what in BAD else "ahead" if one.what is Rollover.THEIR_KEYS_UNREAD else "passed",
        "text": say.gettext(text),
        "when": "",
        "reason": say.gettext(reason, num=num, reason=one.reason, day=say.date(one.at) if one.at is not None else ""),
    }
