"""`/admin`: what needs a person, most pressing first; each line leads to the place where it is settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app
from markupsafe import Markup

from broker.domain.times import DAY
from broker.services.attention.needs import COUNTED, WEEK, Attention, SignInDay
from broker.services.authorization import Right
from broker.web.admin.door import Door, StaffVisit
from broker.web.i18n import Translator
from broker.web.pages import isolate

PATH = "/admin"
_GUESTS, _SIGN_INS, _REQUESTS, _PARTNERS = "/admin/guests", "/admin/sign-ins", "/admin/requests", "/admin/partners"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that needs a person. english: the reason in doctor's words, which are English everywhere. url: "": it has no page."""

    kind: str  # of `state_icons`: its shape and colour
    text: Markup
    under: Markup | str
    go: Markup
    url: str
    english: str = ""


def register(routes: Blueprint, door: Door) -> None:
    """The first page."""

    @routes.get(PATH)
    @door.page(Right.SEE_HOME)
    def admin_home(visit: StaffVisit) -> Response:
        found = door.broker.attention.of(visit.actor)
        say = door.pages.translator()
        return door.render(
            visit,
            "admin_home.html",
            here=PATH,
            keep={},
            lines=[shown(line, _url(door, line.url)) for line in lines(found, say)],
            days=None if found.days is None else days(found.days, say),
            sign_ins_url=_url(door, _SIGN_INS),
            add_url=_url(door, f"{_GUESTS}/new") if visit.rights.may(Right.INVITE) else "",
        )


def shown(line: Line, url: str) -> dict[str, str]:
    """A line for the template. url: "" where the portal has no such page."""
    return {"kind": line.kind, "text": line.text, "under": line.under, "english": line.english, "go": line.go, "url": url}


def lines(found: Attention, say: Translator) -> list[Line]:
    """The lines, most pressing first: nobody can sign in, somebody could not, somebody waits, something will end."""
    faults = list(_faults(found, say))
    return [
        *(line for line in faults if line.kind == "stopped"),
        *_refused(found, say),
        *_requests(found, say),
        *_certificates(found, say),
        *_ending(found, say),
        *_mails(found, say),
        *_without_sponsor(found, say),
        *(line for line in faults if line.kind != "stopped"),
    ]


def _faults(found: Attention, say: Translator) -> Iterator[Line]:
    for one in found.faults:
        text = (
            say.gettext("A document of %(partner)s could not be fetched", partner=isolate(one.name))
            if one.works
            else say.gettext("Nobody can sign in at %(partner)s", partner=isolate(one.name))
        )
        under = say.gettext("An older copy still serves.") if one.works else say.gettext("Its document could not be fetched.")
        see = say.gettext("See the partner")
        yield Line("attention" if one.works else "stopped", text, under, see, f"{_PARTNERS}/{one.partner}", one.problem)


def _refused(found: Attention, say: Translator) -> Iterator[Line]:
    for one in found.refused:
        count = say.ngettext(
            "%(num)s sign-in was refused in the last 24 hours", "%(num)s sign-ins were refused in the last 24 hours", one.count
        )
        text = say.gettext("%(count)s: %(partner)s", count=count, partner=isolate(one.name)) if one.name else count
        under = say.gettext("The last one %(when)s.", when=say.ago(one.last, found.now))
        query = {"reason": one.reason, **({"partner": one.partner} if one.partner else {})}
        url = f"{_SIGN_INS}?{urlencode(query)}"
        yield Line("stopped", text, under, say.gettext("See why"), url, f"{one.reason}: {one.advice.change}")


def _requests(found: Attention, say: Translator) -> Iterator[Line]:
    if found.requests:
        text = say.ngettext("%(num)s request waits for an answer", "%(num)s requests wait for an answer", found.requests)
        yield Line("waits", text, "", say.gettext("Answer"), _REQUESTS)


def _certificates(found: Attention, say: Translator) -> Iterator[Line]:
    for one in found.certificates:
        text = (
            say.gettext("The certificate of %(partner)s has ended", partner=isolate(one.name))
            if one.ends <= found.now
            else say.gettext(
                "The certificate of %(partner)s ends %(when)s", partner=isolate(one.name), when=say.away(one.ends, found.now)
            )
        )
        under = say.gettext("Its metadata names no successor. It ends on %(day)s.", day=say.date(one.ends))
        yield Line("attention", text, under, say.gettext("See the partner"), f"{_PARTNERS}/{one.partner}")


def _ending(found: Attention, say: Translator) -> Iterator[Line]:
    until = datetime.fromtimestamp(found.now + WEEK, UTC).strftime("%Y-%m-%d")
    for one in found.ending:
        text = _most(
            say.ngettext("%(num)s guest loses access this week", "%(num)s guests lose access this week", one.guests),
            one.guests,
            say,
        )
        if one.name:
            text = say.gettext("%(count)s: %(partner)s", count=text, partner=isolate(one.name))
        query = {"ends": until, **{name: value for name in ("application", "group") if (value := getattr(one, name))}}
        url = f"{_GUESTS}?{urlencode(query)}"
        yield Line("attention", text, "", say.gettext("Renew or let end"), url)


def _mails(found: Attention, say: Translator) -> Iterator[Line]:
    for one in found.mails:
        text = say.gettext("No e-mail reached %(address)s", address=isolate(one.recipient))
        under = say.gettext("Given up %(when)s.", when=say.ago(one.at, found.now))
        yield Line("attention", text, under, say.gettext("See the guest"), f"{_GUESTS}/{one.person_id}", one.problem)


def _without_sponsor(found: Attention, say: Translator) -> Iterator[Line]:
    count = found.without_sponsor
    if count:
        text = _most(
            say.ngettext("%(num)s guest has no sponsor any more", "%(num)s guests have no sponsor any more", count), count, say
        )
        yield Line("attention", text, "", say.gettext("Choose sponsors"), f"{_GUESTS}?alone=yes")


def _most(text: Markup, count: int, say: Translator) -> Markup:
    return text if count < COUNTED else say.gettext("At least %(count)s", count=text)


def days(found: tuple[SignInDay, ...], say: Translator) -> list[dict[str, Any]]:
    """For the macro `bar_chart`: a label under each Monday that has room for one."""
    last = found[-1].at - 3 * DAY
    return [
        {
            "day": say.date(one.at),
            "label": say.day_of_month(one.at)
            if (one.at // DAY) % 7 == 4 and one.at <= last
            else "",  # 1 January 1970 was a Thursday
            "allowed": one.allowed,
            "refused": one.refused,
        }
        for one in found
    ]


def _url(door: Door, path: str) -> str:
    """The address, if the portal has a page there."""
    if not path:
        return ""
    adapter = current_app.url_map.bind("")
    return door.pages.path(path) if adapter.test(path.partition("?")[0], "GET") else ""
