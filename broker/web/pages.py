"""Every HTML page comes from here: its language, its headers, and what all pages share (HW-7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from broker.settings.load import Settings
from broker.web import headers
from broker.web.cookies import Cookies, Purpose
from broker.web.i18n import Languages, Translator, choose
from broker.web.static import Assets

_TEMPLATES = Path(__file__).parent / "templates"
_DIRECTION_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LANGUAGE_KEPT = 365 * 24 * 3600


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

    def __init__(self, settings_now: Callable[[], Settings], assets: Assets | None = None) -> None:
        """settings_now: the settings in force at this moment. assets: the ones that the application serves."""
        self._settings_now = settings_now
        self.assets = assets or Assets(settings_now)
        self.languages = Languages()
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
        **context: object,
    ) -> Response:
        """The page as a response, with every header.

        status: of the response. ui_locales: languages that the application, or the invitation, asks for.
        keep_query: parameters that the language links must carry on; None: the page has no language links. A page
        answering a POST has none either, because a link cannot repeat it. context: see the template's first lines.
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
                "number": translator.number,
                "isolate": isolate,
                "language": translator.language,
                "direction": translator.direction,
                "company": organization.name,
                "support_url": str(organization.support_url or ""),
                "privacy_url": str(organization.privacy_url or ""),
                "company_logo": self.assets.company_logo(),
                "stylesheet": self.assets.stylesheet(),
                "script": self.assets.script(),
                "passkey_script": self.assets.script("passkey"),
                "nonce": nonce,
                "language_links": self._language_links(translator, keep_query),
                **context,
            }
        )
        response = Response(body, status, mimetype="text/html")
        response.headers["Content-Language"] = translator.language
        headers.page(response, nonce=nonce, https=urlsplit(settings.issuer).scheme == "https")
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
        kept = Cookies(self._settings_now().issuer).read(request, Purpose.LANGUAGE)
        browser = (tag for tag, quality in request.accept_languages if quality > 0)
        wanted = [self._asked_now() or "", kept or "", *ui_locales, *browser]
        return choose(self._offered(), filter(None, wanted))

    def _remember_choice(self, response: Response) -> None:
        """Only a choice among the offered languages is written."""
        asked = self._asked_now()
        if asked is not None:
            cookies = Cookies(self._settings_now().issuer)
            cookies.set(response, Purpose.LANGUAGE, asked, max_age=_LANGUAGE_KEPT)

    def _language_links(self, now: Translator, keep: Mapping[str, str] | None) -> list[dict[str, object]]:
        """One link a language, each in its own words; relative, so that the page's path stays."""
        offered = self._offered()
        if keep is None or len(offered) < 2 or request.method not in ("GET", "HEAD"):
            return []
        return [
            {"tag": tag, "name": name, "url": "?" + urlencode({**keep, "lang": tag}), "current": tag == now.language}
            for tag, name in self.languages.own_names(offered).items()
        ]
