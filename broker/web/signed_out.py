"""`signed-out`: what ended in this browser, what did not, and the frames of applications that hear of it there (HP-55)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response

from broker.domain.ids import new_secret
from broker.domain.login import Session, application_sid
from broker.settings.application_file import ApplicationFile
from broker.web import csrf
from broker.web.authorization_response import see
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.pages import Pages

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.services.login.home_sign_out import HomeAnswer
    from broker.services.login.saml_logout import PartnerSignOut

SCOPE = "home-sign-out"  # of the form's token


def page(
    broker: Broker, pages: Pages, session: Session | None, ended: Sequence[str] = (), ui_locales: Sequence[str] = ()
) -> Response:
    """session: the one that ended. ended: the client ids of its applications.

    Its home organization keeps a sign-in of its own: the page says so, and where that ends. The same goes for applications that
    are not notified of sign-outs.
    """
    partner = broker.core.settings().partners.get(session.partner) if session else None
    ticket = broker.login.home_sign_out.offer(session) if session else ""
    binding = new_secret()
    files = _files(broker, ended)
    response = pages.render(
        "signed_out.html",
        ui_locales=ui_locales,
        frames=frames(broker, session.sid, ended) if session else (),
        applications=[file.name for file in files if _is_told(file)],
        untold=[file.name for file in files if not _is_told(file)],
        partner=partner.name if partner else "",
        partner_ticket=ticket,
        partner_action=pages.path("/logout/home"),
        csrf=csrf.token(binding, SCOPE),
        sign_in_url=pages.path("/apps"),
    )
    if ticket:  # HW-5: the button's form is this browser's
        Cookies(broker.core.settings().issuer).set(response, CookiePurpose.BROWSER, binding)
    return response


def forget(broker: Broker, response: Response) -> Response:
    """The response without the cookies of the session that ended; the one that binds the browser changes (HW-13)."""
    cookies = Cookies(broker.core.settings().issuer)
    cookies.clear(response, CookiePurpose.SESSION)
    renewed = f"{cookies.name(CookiePurpose.BROWSER)}="
    if not any(value.startswith(renewed) for value in response.headers.getlist("Set-Cookie")):
        cookies.clear(response, CookiePurpose.BROWSER)
    return response


def at_home(pages: Pages, partner: str, answer: HomeAnswer) -> Response:
    """After the visit to the home organization. partner: its name."""
    return pages.render("signed_out.html", home=partner, home_answer=answer.value, sign_in_url=pages.path("/apps"))


def on_the_way(
    broker: Broker, pages: Pages, session: Session, ended: Sequence[str], ui_locales: Sequence[str], back: str, name: str
) -> Response:
    """The page that loads the frames, and then goes back to an application. back: its verified address; name: what it is called."""
    return pages.render(
        "signed_out.html",
        ui_locales=ui_locales,
        frames=frames(broker, session.sid, ended),
        applications=[file.name for file in _files(broker, ended) if _is_told(file)],
        back_url=back,
        back=name,
    )


def by_partner(broker: Broker, pages: Pages, done: PartnerSignOut) -> Response:
    """After a home organization's request by this browser: the frames of applications if there are any, then on with our answer."""
    clients = sorted({client_id for one in done.ended for client_id in one.applications})
    loaded = [address for one in done.ended for address in frames(broker, one.sid, one.applications)]
    answer = done.answer
    if answer is not None and not loaded:
        if answer.form is None:
            return see(answer.url)
        return pages.render("post_form.html", target=done.partner.name, action=answer.url, fields=dict(answer.form))
    return pages.render(
        "signed_out.html",
        frames=loaded,
        applications=[file.name for file in _files(broker, clients) if _is_told(file)],
        untold=[file.name for file in _files(broker, clients) if not _is_told(file)],
        back_url=answer.url if answer is not None else "",
        back_form=dict(answer.form) if answer is not None and answer.form is not None else {},
        back=done.partner.name,
    )


def frames(broker: Broker, sid: str, ended: Sequence[str]) -> list[str]:
    """The address of each application that is notified in the browser, with `iss` and its `sid` (Front-Channel Logout 2)."""
    issuer = broker.core.settings().issuer
    return [
        f"{url}{'&' if '?' in url else '?'}{urlencode({'iss': issuer, 'sid': application_sid(sid, file.client_id)})}"
        for file in _files(broker, ended)
        if (url := str(file.frontchannel_logout_uri or ""))
    ]


def _files(broker: Broker, ended: Sequence[str]) -> list[ApplicationFile]:
    files = broker.core.settings().applications
    return sorted((files[one] for one in ended if one in files), key=lambda file: file.name.casefold())


def _is_told(file: ApplicationFile) -> bool:
    return file.backchannel_logout_uri is not None or file.frontchannel_logout_uri is not None
