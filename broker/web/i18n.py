"""The languages of the pages: texts, dates and numbers of each, and the choice by cookie, request and browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from babel.support import NullTranslations
from babel.units import format_unit
from markupsafe import Markup

from broker.domain.times import DAY, MINUTE
from broker.web import catalogues

SOURCE = "en"  # the language of the message ids


def _(text: str) -> str:
    """Mark a text of a table for the catalogues; the page translates it when it is shown."""
    return text


class Translator:
    """One language: texts, dates and numbers for the templates."""

    def __init__(self, language: str, catalogue: NullTranslations, locale: Locale | None = None) -> None:
        """language: a tag such as `nl`. catalogue: its texts. locale: whose dates and numbers, as `en_GB`; else the language's."""
        self.language = language
        self.locale = locale or Locale.parse(language, sep="-")
        self.direction = self.locale.text_direction
        self._catalogue = catalogue

    def gettext(self, message: str, /, **values: object) -> Markup:
        """The text with its %(name)s filled in, each value escaped for HTML (AZ-19)."""
        return Markup(self._catalogue.gettext(message)) % values  # noqa: S704 - the catalogue is ours, values are escaped

    def plain(self, message: str, /, **values: object) -> str:
        """The same for what is no HTML: the text part and the subject of a mail."""
        return str(self._catalogue.gettext(message) % values)

    def ngettext(self, singular: str, plural: str, count: int, /, **values: object) -> Markup:
        """The text for `count` things; %(num)s is the count."""
        text = self._catalogue.ngettext(singular, plural, count)
        return Markup(text) % {"num": self.number(count), **values}  # noqa: S704 - as above

    def date(self, at: int) -> str:
        """A day such as `23 November 2026`. at: seconds since 1970, UTC."""
        return format_date(datetime.fromtimestamp(at, UTC), "long", locale=self.locale)

    def moment(self, at: int) -> str:
        """A day with the time and its zone, such as `23 November 2026, 14:05 UTC`. at: seconds since 1970, UTC."""
        return f"{self.date(at)}, {datetime.fromtimestamp(at, UTC):%H:%M} UTC"

    def end(self, at: int) -> str:
        """When something is over. A midnight (UTC) ends the day before, which still counts whole; else the time and its zone (FB-16)."""
        return self.date(at - 1) if at % DAY == 0 else self.moment(at)

    def ago(self, at: int, now: int) -> str:
        """How long ago, such as `2 hours ago`; the day for what is older than a week."""
        return self._distance(at, now) if now - at <= 7 * DAY else self.date(at)

    def away(self, at: int, now: int) -> str:
        """How far off, such as `in 4 months`. at, now: seconds since 1970, UTC."""
        return self._distance(at, now)

    def short_date(self, at: int) -> str:
        """A day where there is little room, such as `23 Nov 2026`. at: seconds since 1970, UTC."""
        return format_date(datetime.fromtimestamp(at, UTC), "medium", locale=self.locale)

    def day_of_month(self, at: int) -> str:
        """A day where there is least room, such as `23 Nov`. at: seconds since 1970, UTC."""
        return format_skeleton("MMMd", datetime.fromtimestamp(at, UTC), tzinfo=UTC, locale=self.locale)

    def _distance(self, at: int, now: int) -> str:
        seconds = at - now
        seconds = min(seconds, -MINUTE) if seconds <= 0 else max(seconds, MINUTE)  # nobody needs the seconds
        return format_timedelta(timedelta(seconds=seconds), threshold=1, add_direction=True, locale=self.locale)

    def span(self, count: int, unit: str) -> str:
        """A length of time, such as `10 minutes`. unit: day, hour, minute or second."""
        return format_unit(count, f"duration-{unit}", "long", locale=self.locale)

    def number(self, value: float) -> str:
        """A number with the separators of the language."""
        return format_decimal(value, locale=self.locale)


class Languages:
    """Translators made at first use, and the negotiation between what is offered and what is wanted."""

    def __init__(self, folder: Path = catalogues.FOLDER) -> None:
        self._folder = folder
        self._catalogues: dict[str, NullTranslations] = {}
        self._offered: dict[tuple[str, ...], tuple[str, ...]] = {}

    def translator(self, language: str, browser: Iterable[str] = ()) -> Translator:
        """The language's translator, its catalogue read once; browser: tags whose region decides how dates look."""
        if language not in self._catalogues:
            self._catalogues[language] = catalogues.load(catalogues.source_of(self._folder, language))
        return Translator(language, self._catalogues[language], _regional(language, browser))

    def offered(self, configured: Sequence[str]) -> tuple[str, ...]:
        """Those of the configured languages that have a catalogue, in the company's order; English if none has."""
        wanted = tuple(configured)
        if wanted not in self._offered:
            tags = (tag for tag in dict.fromkeys(wanted) if tag == SOURCE or self._has(tag))
            self._offered[wanted] = tuple(tags) or (SOURCE,)
        return self._offered[wanted]

    def own_names(self, tags: Iterable[str]) -> Mapping[str, str]:
        """Tag -> the language's name in itself, as a person looks for it."""
        names = ((tag, self.translator(tag).locale.get_display_name() or tag) for tag in tags)
        return MappingProxyType({tag: name[:1].upper() + name[1:] for tag, name in names})

    def _has(self, tag: str) -> bool:
        try:
            Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            return False
        return catalogues.source_of(self._folder, tag).is_file()


def choose(offered: Sequence[str], wanted: Iterable[str]) -> str:
    """The first wanted language that is offered, whole tag before its first part (RFC 4647 3.4); else the first offered."""
    by_tag = {tag.lower(): tag for tag in offered}
    by_part = {tag.lower().partition("-")[0]: tag for tag in reversed(offered)}
    for tag in wanted:
        low = tag.lower().replace("_", "-")
        found = by_tag.get(low) or by_part.get(low.partition("-")[0])
        if found:
            return found
    return offered[0]


def _regional(language: str, browser: Iterable[str]) -> Locale | None:
    """The first of the browser's tags that is the same language with a region we know."""
    for tag in browser:
        if tag.lower().startswith(language.lower() + "-"):
            try:
                return Locale.parse(tag, sep="-")
            except (ValueError, UnknownLocaleError):
                continue
    return None
