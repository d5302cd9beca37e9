"""docs/configuration.md, written from the models: `.venv/bin/python -m tests.configuration`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broker.settings.pending import PENDING
from broker.settings.schema import NAMES, schema

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
FILES = {
    "broker": ("config/broker.yaml", "The broker itself."),
    "partner": ("config/partners/PARTNER.yaml", "A home organization; the file's name is its id."),
    "application": ("config/applications/CLIENT_ID.yaml", "A relying party; the file's name is its client_id."),
    "policy": ("config/policies/POLICY.yaml", "Conditional access; the file's name is its id."),
    "federation": (
        "config/federations/FEDERATION.yaml",
        "Many identity providers from one signed metadata file; the file's name is its id.",
    ),
}
WORDS = {"object": "mapping", "boolean": "true, false", "string": "text", "uri": "URL", "password": "secret", "email": "address"}
HEAD = """# Configuration

For operators: every key of every file. `.venv/bin/python -m tests.configuration` generates this page from the models. For your editor, the
same as JSON Schema: `broker schema broker|partner|application|policy|federation`.

Relative paths are relative to the home. Any string can be `${env:NAME}` or `${file:PATH}`. Durations are written
`45s`, `10m`, `12h`, `30d`. An unknown key is an error. `broker check` reports all errors of all files, one line
each: `FILE:LINE: key: what is wrong; what to write`. A running server reads a changed file within seconds, without a
restart; an invalid file changes nothing.

A key marked *later* is validated, but has no effect yet; `broker check` reports where it is used.
"""


def keys(node: dict[str, Any], definitions: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """(dotted key, its schema, required), sections before what is in them."""
    for name, value in node["properties"].items():
        alternatives = [value, *value.get("anyOf", [])]
        sections = [definitions[part["$ref"].rsplit("/", 1)[1]] for part in alternatives if "$ref" in part]
        about = next((section["description"] for section in sections), "")
        yield f"{above}{name}", {"description": about, **value}, name in node.get("required", [])
        for section in sections:
            yield from keys(section, definitions, f"{above}{name}.")
        item = value.get("items", {}).get("$ref")
        if item:
            yield from keys(definitions[item.rsplit("/", 1)[1]], definitions, f"{above}{name}[].")


def kind(value: dict[str, Any]) -> str:
    """What to write there, in a word or two."""
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(kind(part) for part in value["anyOf"] if part.get("type") != "null"))
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return "section"
    if value.get("type") == "array":
        return f"list of {kind(value['items'])}" if value.get("items") else "list"
    if value.get("pattern", "").startswith("^[0-9]+["):
        return "duration"
    word = str(value.get("format", value.get("type", "text")))
    return WORDS.get(word, word)


def default(value: dict[str, Any], *, required: bool) -> str:
    """What holds if it is left out."""
    if required:
        return "**required**"
    return f"`{json.dumps(value['default'])}`" if "default" in value else ""


def page() -> str:
    """The whole page."""
    text = HEAD
    for name in NAMES:
        path, about = FILES[name]
        later = {entry.path for entry in PENDING if entry.kind == name and not entry.prefix}
        top = schema(name)
        text += f"\n## {path}\n\n{about}\n\n| key | value | default | |\n| --- | --- | --- | --- |\n"
        for key, value, required in keys(top, top.get("$defs", {})):
            mark = "*later* " if any(key == entry or key.startswith(f"{entry}.") for entry in later) else ""
            cells = (f"`{key}`", kind(value), default(value, required=required), mark + value.get("description", ""))
            text += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
