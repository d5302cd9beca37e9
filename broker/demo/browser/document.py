"""The part of an HTML page that the small browser uses: the `data-` marks, forms, links and text. lxml parses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

_UNSEEN = ("script", "style", "template")
_CONTROLS = ("input", "button", "textarea", "select")


@dataclass(slots=True)
class Button:
    """A button of a form; action and method override the form's (formaction, formmethod)."""

    name: str = ""
    value: str = ""
    text: str = ""
    primary: bool = False
    action: str = ""
    method: str = ""


@dataclass(slots=True)
class Field:
    """An input. kind: its type (text, hidden, checkbox, radio ...), `select` or `textarea`. on: checked."""

    name: str
    value: str = ""
    kind: str = "text"
    on: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Form:
    """One form, as it would be sent."""

    id: str = ""
    action: str = ""
    method: str = "get"
    fields: list[Field] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    @property
    def primary(self) -> Button | None:
        """The button marked `data-primary`; None without one."""
        marked = [button for button in self.buttons if button.primary]
        return marked[0] if marked else None

    def data(self, button: Button | None, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """Name and value of everything that is sent with `button`; `values` replace or add."""
        pairs = [(f.name, values.get(f.name, f.value)) for f in self.fields if f.name and _is_sent(f, values)]
        names = {name for name, _ in pairs}
        pairs += [(name, value) for name, value in values.items() if name not in names]
        if button is not None and button.name:
            pairs.append((button.name, button.value))
        return pairs


def _is_sent(control: Field, values: Mapping[str, str]) -> bool:
    """Of the radio buttons of a name only the chosen one (HTML 4.10.5.1.16)."""
    if control.name not in values:
        return control.on
    return control.kind != "radio" or control.value == values[control.name]


@dataclass(slots=True)
class HtmlDocument:
    """The content of a page.

    data: the `data-` attributes of `<body>`, of `<main>` and of its elements (the first of a name). codes: texts of `<code>`.
    primary_link: the address of a link marked `data-primary`, or empty.
    """

    data: dict[str, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    primary_link: str = ""
    codes: list[str] = field(default_factory=list)
    title: str = ""
    heading: str = ""
    language: str = ""
    text: str = ""


def read(html: str) -> HtmlDocument:
    """Parse a page."""
    try:
        root = document_fromstring(html.encode(), parser=HTMLParser(encoding="utf-8", remove_comments=True))
    except etree.ParserError:  # nothing there
        return HtmlDocument()
    for element in list(root.iter(*_UNSEEN)):
        element.drop_tree()
    links = list(root.iter("a"))
    return HtmlDocument(
        data=_marks(root),
        forms=_forms(root),
        links=[(_words(link), link.get("href", "")) for link in links],
        primary_link=next((link.get("href", "") for link in links if "data-primary" in link.attrib), ""),
        codes=[_words(code) for code in root.iter("code")],
        title=_first(root.iter("title")),
        heading=_first(root.iter("h1")),
        language=root.get("lang", ""),
        text=root.text_content(),
    )


def _words(element: Any) -> str:
    return " ".join(element.text_content().split())


def _first(elements: Iterable[Any]) -> str:
    return next((words for element in elements if (words := _words(element))), "")


def _marks(root: Any) -> dict[str, str]:
    marks: dict[str, str] = {}
    for element in (*root.iter("body"), *(inner for main in root.iter("main") for inner in main.iter())):
        for name, value in element.attrib.items():
            if name.startswith("data-"):
                marks.setdefault(name, value)
    return marks


def _forms(root: Any) -> list[Form]:
    """The forms in order, each with its controls, also those outside that name it (`form=`)."""
    forms = {element: Form(element.get("id", ""), element.get("action", ""), element.get("method", "get").lower())
             for element in root.iter("form")}  # fmt: skip
    by_id = {element.get("id"): element for element in reversed(list(forms)) if element.get("id")}
    for control in root.iter(*_CONTROLS):
        owner = by_id.get(control.get("form")) if "form" in control.attrib else next(control.iterancestors("form"), None)
        if owner is not None and "disabled" not in control.attrib:
            forms[owner].buttons += _buttons(control)
            forms[owner].fields += _fields(control)
    return list(forms.values())


def _buttons(control: Any) -> Iterator[Button]:
    """The control, where it sends the form."""
    kind = control.get("type", "submit" if control.tag == "button" else "text").lower()
    if (control.tag, kind) in (("button", "submit"), ("input", "submit"), ("input", "image")):
        text = _words(control) if control.tag == "button" else control.get("value", "")
        primary, method = "data-primary" in control.attrib, control.get("formmethod", "").lower()
        yield Button(control.get("name", ""), control.get("value", ""), text, primary, control.get("formaction", ""), method)


def _fields(control: Any) -> Iterator[Field]:
    """The control, where it has a value to send."""
    name, kind, attributes = control.get("name", ""), control.get("type", "text").lower(), dict(control.attrib)
    if control.tag == "textarea":
        yield Field(name, control.text_content().removeprefix("\n"), "textarea", True, attributes)
    elif control.tag == "select":
        options = list(control.iter("option"))
        chosen = next((option for option in options if "selected" in option.attrib), options[0] if options else None)
        yield Field(name, chosen.get("value", _words(chosen)) if chosen is not None else "", "select", True, attributes)
    elif control.tag == "input" and kind not in ("submit", "image", "button", "reset"):
        toggle = kind in ("checkbox", "radio")
        value = control.get("value", "on" if toggle else "")
        yield Field(name, value, kind, not toggle or "checked" in control.attrib, attributes)
