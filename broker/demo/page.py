"""The plain pages of the cast: one column, a colour for each server, so that a visitor sees whose page this is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--own:%s}
body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;border-top:.5rem solid var(--own)}
main{max-width:40rem;margin:2rem auto;padding:0 1rem}
.who{color:var(--own);font-weight:600}
button,.button{display:inline-block;font:inherit;margin:.25rem .5rem .25rem 0;padding:.6rem 1rem;border:1px solid var(--own);border-radius:.4rem;
background:transparent;color:inherit;cursor:pointer;text-decoration:none}
button[data-primary]{background:var(--own);color:#fff}
button[aria-pressed=true]{outline:3px solid var(--own)}
pre{overflow:auto;padding:1rem;border:1px solid #8888;border-radius:.4rem}
pre.mail{white-space:pre-wrap;overflow-wrap:anywhere}
iframe{width:100%%;height:34rem;border:1px solid #8888;border-radius:.4rem;background:#fff}
dt{font-weight:600}dd{margin:0 0 .5rem 0}small{opacity:.75}
"""


def page(title: str, body: str, *, name: str, who: str, colour: str = "#345", marks: Mapping[str, str] | None = None) -> str:
    """A whole HTML document. body: HTML, escaped by the caller. name: `data-page`. marks: further `data-` attributes of main."""
    data = "".join(f' data-{key}="{escape(value)}"' for key, value in (marks or {}).items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - {escape(who)}</title><style>{_STYLE % colour}</style></head>"
        f'<body><main data-page="{escape(name)}"{data}><p class="who">{escape(who)}</p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )


def button(text: str, *, name: str = "", value: str = "", primary: bool = False, pressed: bool | None = None) -> str:
    """A submit button."""
    marks = " data-primary" if primary else ""
    if pressed is not None:
        marks += f' aria-pressed="{str(pressed).lower()}"'
    named = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    return f'<button type="submit"{named}{marks}>{escape(text)}</button>'


def form(action: str, inner: str, *, hidden: Iterable[tuple[str, str]] = (), method: str = "post") -> str:
    """A form; inner: HTML."""
    kept = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden)
    return f'<form method="{method}" action="{escape(action)}">{kept}{inner}</form>'


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))}</pre>"
