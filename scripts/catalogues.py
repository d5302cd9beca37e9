"""The pages' catalogues: `catalogues.py` brings them up to date with the sources, `--check` names what is wrong.

A new text is added without a translation, one that is gone is removed; a person then writes what is missing.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).resolve().parent.parent / "broker" / "web"
LANGUAGES = ("en", "nl", "de", "fr")
_TEMPLATES = ("**/templates/**.html", "**/templates/**.txt")
_METHODS = [("**.py", "python"), *((pattern, "jinja2") for pattern in _TEMPLATES)]
_OPTIONS = {pattern: {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"} for pattern in _TEMPLATES}
_KEYWORDS = {**DEFAULT_KEYWORDS, "say": None}  # handlers name a translator's gettext so

_HEADER = """\
# The pages' texts; `python scripts/catalogues.py` brings this file up to date with the sources.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extracted() -> Catalog:
    """Every text of templates and tables, marked by `_()` or a trans tag."""
    catalogue = Catalog(project="guest-broker", charset="utf-8")
    found = extract_from_dir(WEB, _METHODS, _OPTIONS, _KEYWORDS)
    for path, _line, message, comments, _context in sorted(found, key=lambda one: one[:2]):
        catalogue.add(message, locations=[(path, 0)], auto_comments=comments)
    return catalogue


def problems(language: str) -> list[str]:
    """One line for each text of the language that is missing, fuzzy, stale or has other placeholders than its source."""
    kept, wanted = read(language), extracted()
    found = [f"{language}: stale: {message.id!r}" for message in kept if message.id and message.id not in wanted]
    for message in wanted:
        if not message.id:
            continue
        entry = kept.get(message.id)
        texts = _texts(entry)
        if entry is None or not texts or not all(texts):
            found.append(f"{language}: missing: {message.id!r}")
        elif entry.fuzzy:
            found.append(f"{language}: fuzzy: {message.id!r}")
        else:
            found += [f"{language}: {error}: {message.id!r}" for error in entry.check()]
            found += _placeholders(language, message.id, texts)
    return found


def update(language: str) -> None:
    """Write the language's file anew from the sources, with the translations it has; English translates itself."""
    kept, wanted = read(language), extracted()
    merged = Catalog(locale=language, project="guest-broker", charset="utf-8", fuzzy=False)
    for message in wanted:
        if not message.id:
            continue
        entry = kept.get(message.id)
        text = message.id if language == "en" else entry.string if entry is not None else ""
        merged.add(message.id, text, locations=message.locations)
    out = io.BytesIO()
    write_po(out, merged, width=120, omit_header=True, include_lineno=False)
    _path(language).parent.mkdir(parents=True, exist_ok=True)
    _path(language).write_text(_HEADER.format(language=language, plural=merged.plural_forms) + out.getvalue().decode(), "utf-8")


def _texts(entry: Message | None) -> list[str]:
    """A translation's text, or its plural's texts."""
    if entry is None or not entry.string:
        return []
    return [entry.string] if isinstance(entry.string, str) else list(entry.string)


def _placeholders(language: str, source: object, texts: list[str]) -> list[str]:
    """A translation uses the names of its source, each at least once; a plural's first form may leave the number out."""
    first = source if isinstance(source, str) else str(source[-1])  # type: ignore[index]
    names = {part.partition(")")[0] for part in first.split("%(")[1:]}
    bad = [text for text in texts if {part.partition(")")[0] for part in text.split("%(")[1:]} - {"num"} != names - {"num"}]
    return [f"{language}: placeholders: {text!r}" for text in bad]


def read(language: str) -> Catalog:
    """A language's catalogue as it stands."""
    path = _path(language)
    return read_po(io.BytesIO(path.read_bytes() if path.is_file() else b""), locale=language)


def _path(language: str) -> Path:
    return WEB / "translations" / language / "LC_MESSAGES" / "messages.po"


def main(arguments: list[str]) -> int:
    """0, or 1 where --check found something."""
    if arguments != ["--check"]:
        for language in LANGUAGES:
            update(language)
    found = [line for language in LANGUAGES for line in problems(language)]
    print("\n".join(found) or "complete")
    return 1 if found and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
