"""Every HTML page comes from here: its language, its headers, and what all pages share (HW-7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from broker.domain.errors import BadRequest
from broker.domain.times import YEAR, iso
from broker.settings.load import Settings
from broker.web import headers
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.i18n import Languages, Translator, choose
from broker.web.repeats import PATH as REPEATS
from broker.web.repeats import RenderedPage, Repeats
from broker.web.static import Assets

_TEMPLATES = Path(__file__).parent / "templates"
_DIRECTION_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LANGUAGE_KEPT = YEAR


def isolate(name: str) -> str:
    """A name inside a sentence of ours, so that its writing direction stays its own (Unicode TR9 FSI, PDI; AZ-19).

    Direction controls within the name are dropped: one that is left open would turn our words round.
    """
    plain = "".join(c for c in name if c not in _DIRECTION_CONTROLS)
    return plain if plain.isascii() else f"\u2068{plain}\u2069"


def environment() -> Environment:
    """Jinja for pages and mails: HTML is escaped, what is missing is an error, texts are translated by each render."""
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=lambda name: not (name or "").endswith(".txt"),  # noqa: S701 - only a mail's text part is no markup
        undefined=StrictUndefined,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    found.policies["ext.i18n.trimmed"] = True
    found.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # each render brings its own
    return found


class Pages:
    """Renders templates into responses."""

    def __init__(
        self, settings_now: Callable[[], Settings], assets: Assets | None = None, *, repeats: Repeats | None = None
    ) -> None:
        """settings_now: the settings in force. assets: the ones that the application serves. repeats: for the language switch
        of pages that no link can repeat; None: they have none.
        """
        self._settings_now = settings_now
        self.assets = assets or Assets(settings_now)
        self.languages = Languages()
        self._repeats = repeats
        self._environment = environment()

    def translator(self, ui_locales: Sequence[str] = ()) -> Translator:
        """The language of this request: chosen now (`?lang=`), chosen before, asked for by the application, the browser's."""
        return self.languages.translator(self._language(ui_locales), request.accept_languages.values())

    def path(self, path: str) -> str:
        """One of our own paths, under the issuer's."""
        return urlsplit(self._settings_now().issuer).path.rstrip("/") + path

    def help_url(self, reference: str) -> str:
        """Where the company helps, "" if nowhere; a mail to it names the reference of the error page (RFC 6068)."""
        url = str(self._settings_now().broker.organization.support_url or "")
        if not url.startswith("mailto:") or "?" in url:
            return url
        return f"{url}?{urlencode({'subject': reference}, quote_via=quote)}"

    @staticmethod
    def mail_to(addresses: Sequence[str], reference: str) -> str:
        """A mail to these people that names the reference of the error page (RFC 6068)."""
        return f"mailto:{','.join(quote(one) for one in addresses)}?{urlencode({'subject': reference}, quote_via=quote)}"

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        ui_locales: Sequence[str] = (),
        keep_query: Mapping[str, str] | None = None,
        here: str = "",
        frames: Sequence[str] = (),
        **context: object,
    ) -> Response:
        """The page as a response, with every header.

        status: of the response. ui_locales: languages that the application, or the invitation, asks for.
        keep_query: parameters that the language links must carry on; None: no link can repeat this page, so its language
        switch is a form that sends the page back. here: where a GET shows this page, for one that answers a POST.
        frames: addresses of other servers that the page loads in frames; only their origins may be.
        context: see the template's first lines; JSON where no link can repeat the page.
        """
        settings = self._settings_now()
        translator = self.translator(ui_locales)
        nonce = secrets.token_urlsafe(18)
        organization = settings.broker.organization
        body = self._environment.get_template(template).render(
            {
                "_": translator.gettext,
                "gettext": translator.gettext,
                "ngettext": translator.ngettext,
                "date": translator.date,
                "end": translator.end,
                "moment": translator.moment,
                "ago": translator.ago,
                "away": translator.away,
                "short_date": translator.short_date,
                "iso": iso,
                "number": translator.number,
                "isolate": isolate,
                "language": translator.language,
                "direction": translator.direction,
                "company": organization.name,
                "support_url": str(organization.support_url or ""),
                "privacy_url": str(organization.privacy_url or ""),
                "company_logo": self.assets.company_logo(),
                "company_logo_dark": self.assets.company_logo_dark(),
                "stylesheet": self.assets.stylesheet(),
                "script": self.assets.script(),
                "passkey_script": self.assets.script("passkey"),
                "nonce": nonce,
                "frames": frames,
                **self._language_switch(
                    translator, RenderedPage(template=template, status=status, context=context), keep_query, here
                ),
                **context,
            }
        )
        response = Response(body, status, mimetype="text/html")
        response.headers["Content-Language"] = translator.language
        headers.page(response, nonce=nonce, https=urlsplit(settings.issuer).scheme == "https", frames=frames)
        self._remember_choice(response)
        return response

    def _offered(self) -> tuple[str, ...]:
        return self.languages.offered(self._settings_now().broker.languages)

    def _asked_now(self) -> str | None:
        """The language of `?lang=`, if it is one that we offer."""
        query = parse_qs(request.query_string.decode("utf-8", "replace"))  # also on the page that refuses what is no UTF-8
        asked = query.get("lang", [""])[0]
        return asked if asked in self._offered() else None

    def _language(self, ui_locales: Sequence[str]) -> str:
        kept = Cookies(self._settings_now().issuer).read(request, CookiePurpose.LANGUAGE)
        browser = (tag for tag, quality in request.accept_languages if quality > 0)
        wanted = [self._asked_now() or "", kept or "", *ui_locales, *browser]
        return choose(self._offered(), filter(None, wanted))

    def _remember_choice(self, response: Response) -> None:
        """Only a choice among the offered languages is written."""
        asked = self._asked_now()
        if asked is not None:
            cookies = Cookies(self._settings_now().issuer)
            cookies.set(response, CookiePurpose.LANGUAGE, asked, max_age=_LANGUAGE_KEPT)

    def again(self, sealed: str) -> Response:
        """A page that came back with another language. Raises BadRequest."""
        if self._repeats is None:
            raise BadRequest("page_unknown")
        page = self._repeats.again(sealed)
        return self.render(page.template, status=page.status, **page.context)  # type: ignore[arg-type]  # as first rendered

    def _language_switch(
        self, now: Translator, page: RenderedPage, keep: Mapping[str, str] | None, here: str
    ) -> dict[str, object]:
        """One link or button a language, each in its own words. A link is relative, so that the page's path stays."""
        offered = self._offered()
        nothing: dict[str, object] = {"language_links": [], "language_page": "", "language_url": ""}
        if len(offered) < 2:
            return nothing
        asked = request.method in ("GET", "HEAD")
        start = "?" if asked and keep is not None else f"{here}{'&' if '?' in here else '?'}" if here else ""
        links = [
            {"tag": tag, "name": name, "url": start + urlencode({**(keep or {}), "lang": tag}), "current": tag == now.language}
            for tag, name in self.languages.own_names(offered).items()
        ]
        if start:
            return {**nothing, "language_links": links}
        sealed = self._repeats.kept(self._named(page)) if self._repeats is not None else ""
        if not sealed:
            return nothing
        links = [{**link, "url": f"{self.path(REPEATS)}?lang={link['tag']}"} for link in links]
        return {"language_links": links, "language_page": sealed, "language_url": self.path(REPEATS)}

    @staticmethod
    def _named(page: RenderedPage) -> RenderedPage:
        """A link to "this page" names it, because it is shown at another address then."""
        if page.context.get("next_url") != "":
            return page
        return RenderedPage(template=page.template, status=page.status, context={**page.context, "next_url": request.full_path})
