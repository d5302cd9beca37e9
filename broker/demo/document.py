"""What the small browser sees of an HTML page: the `data-` marks, forms, links and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


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
        pairs = [(f.name, values.get(f.name, f.value)) for f in self.fields if f.name and (f.on or f.name in values)]
        names = {name for name, _ in pairs}
        pairs += [(name, value) for name, value in values.items() if name not in names]
        if button is not None and button.name:
            pairs.append((button.name, button.value))
        return pairs


@dataclass(slots=True)
class HtmlDocument:
    """What a page holds.

    data: the `data-` attributes of `<main>` and of what stands in it (the first of a name). codes: texts of `<code>`.
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
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.document


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = HtmlDocument()
        self._form: Form | None = None
        self._text: dict[str, list[str]] = {}
        self._href = ""
        self._button: Button | None = None
        self._field: Field | None = None
        self._in_main = False
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        self._in_main = self._in_main or tag == "main"
        if self._in_main or tag == "body":
            for name, value in a.items():
                if name.startswith("data-"):
                    self.document.data.setdefault(name, value)
        if tag in ("a", "button", "code", "title", "h1", "textarea", "option"):
            self._text[tag] = []
        if tag in ("script", "style", "template"):
            self._hidden += 1
        handler = getattr(self, f"_open_{tag}", None)
        if handler is not None:
            handler(a)

    def handle_data(self, data: str) -> None:
        for parts in self._text.values():
            parts.append(data)
        if not self._hidden:
            self.document.text += data

    def handle_endtag(self, tag: str) -> None:
        said = " ".join("".join(self._text.pop(tag, [])).split())
        if tag in ("script", "style", "template"):
            self._hidden -= 1
        handler = getattr(self, f"_close_{tag}", None)
        if handler is not None:
            handler(said)

    def _close_main(self, _said: str) -> None:
        self._in_main = False

    def _close_form(self, _said: str) -> None:
        self._form = None

    def _close_title(self, said: str) -> None:
        self.document.title = self.document.title or said

    def _close_h1(self, said: str) -> None:
        self.document.heading = self.document.heading or said

    def _close_code(self, said: str) -> None:
        self.document.codes.append(said)

    def _close_a(self, said: str) -> None:
        self.document.links.append((said, self._href))

    def _close_button(self, said: str) -> None:
        if self._button is not None:
            self._button.text, self._button = said, None

    def _close_textarea(self, said: str) -> None:
        if self._field is not None:
            self._field.value, self._field = said, None

    def _close_select(self, _said: str) -> None:
        self._field = None

    def _open_html(self, a: dict[str, str]) -> None:
        self.document.language = a.get("lang", "")

    def _open_a(self, a: dict[str, str]) -> None:
        self._href = a.get("href", "")
        if "data-primary" in a:
            self.document.primary_link = self._href

    def _open_form(self, a: dict[str, str]) -> None:
        self._form = Form(a.get("id", ""), a.get("action", ""), a.get("method", "get").lower())
        self.document.forms.append(self._form)

    def _owner(self, a: dict[str, str]) -> Form | None:
        if "form" in a:
            return next((form for form in self.document.forms if form.id == a["form"]), None)
        return self._form

    def _open_input(self, a: dict[str, str]) -> None:
        form, kind = self._owner(a), a.get("type", "text").lower()
        if form is None or "disabled" in a:
            return
        if kind in ("submit", "image"):
            form.buttons.append(_button(a, a.get("value", "")))
        elif kind not in ("button", "reset"):
            toggle = kind in ("checkbox", "radio")
            value = a.get("value", "on" if toggle else "")
            form.fields.append(Field(a.get("name", ""), value, kind, not toggle or "checked" in a, a))

    def _open_button(self, a: dict[str, str]) -> None:
        form = self._owner(a)
        if form is None or "disabled" in a or a.get("type", "submit").lower() != "submit":
            return
        self._button = _button(a, "")
        form.buttons.append(self._button)

    def _open_textarea(self, a: dict[str, str]) -> None:
        self._add_field(a, "textarea")

    def _open_select(self, a: dict[str, str]) -> None:
        self._add_field(a, "select")

    def _add_field(self, a: dict[str, str], kind: str) -> None:
        form = self._owner(a)
        self._field = Field(a.get("name", ""), "", kind, True, a)
        if form is not None:
            form.fields.append(self._field)

    def _open_option(self, a: dict[str, str]) -> None:
        if self._field is not None and ("selected" in a or not self._field.value):
            self._field.value = a.get("value", "")


def _button(a: Mapping[str, str], text: str) -> Button:
    return Button(
        a.get("name", ""), a.get("value", ""), text, "data-primary" in a, a.get("formaction", ""), a.get("formmethod", "").lower()
    )
