"""Languages: the choice, dates and numbers, and catalogues read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.web.i18n import Languages, choose

OFFERED = ("en", "nl", "pt-BR")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ([], "en"), (["nl-BE"], "nl"), (["NL"], "nl"), (["nl_NL"], "nl"), (["fr", "pt"], "pt-BR"), (["pt-PT"], "pt-BR"),
        (["*"], "en"), (["", "nl"], "nl"), (["de", "fr"], "en"),
    ],
)  # fmt: skip
def test_choice(wanted: list[str], language: str) -> None:
    """RFC 4647 3.4: the whole tag, then its first part, then the company's first language."""
    assert choose(OFFERED, wanted) == language


def test_only_languages_with_a_catalogue_are_offered() -> None:
    """A language that we cannot speak is not offered; English always can be."""
    languages = Languages()
    assert languages.offered(["fr", "nl", "fr"]) == ("fr", "nl")
    assert languages.offered(["xx", "../en", "it"]) == ("en",)
    assert languages.offered([]) == ("en",)


def test_dates_and_numbers() -> None:
    """As the person writes them: the language's, in the browser's region."""
    languages, at = Languages(), 1795392000
    assert languages.translator("nl").date(at) == "23 november 2026"
    assert languages.translator("de").date(at) == "23. November 2026"
    assert languages.translator("en", ["nl", "en-GB"]).date(at) == "23 November 2026"
    assert languages.translator("en", ["en-US"]).date(at) == "November 23, 2026"
    assert languages.translator("en", ["en-nonsense-x"]).date(at) == "November 23, 2026"
    assert languages.translator("nl").number(1234567.5) == "1.234.567,5"


def test_values_are_escaped_and_plurals_counted() -> None:
    """AZ-19: the text is ours, the value is not."""
    translator = Languages().translator("nl")
    assert translator.gettext("Sign in to %(application)s", application="<b>") == "Aanmelden bij &lt;b&gt;"
    assert Languages().translator("en").ngettext("%(num)s day", "%(num)s days", 1) == "1 day"
    assert Languages().translator("en").ngettext("%(num)s day", "%(num)s days", 1234) == "1,234 days"


def test_language_without_a_catalogue_stays_english(tmp_path: Path) -> None:
    """A text that is missing is shown in English."""
    assert Languages(tmp_path).translator("nl").gettext("Continue") == "Continue"
