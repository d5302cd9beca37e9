"""The company's look, from files in `config/brand/`: one accent colour, a radius, a font, a logo (docs/brand.md).

A colour that would be hard to read is moved towards black or white until it has the contrast below, on every surface of the theme.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = "config/brand"
THEME = f"{FOLDER}/theme.css"
LOGOS = (f"{FOLDER}/logo.svg", f"{FOLDER}/logo.png")
DARK_LOGOS = (f"{FOLDER}/logo-dark.svg", f"{FOLDER}/logo-dark.png")

Colour = tuple[int, int, int]

ACCENT = (0x1D, 0x5F, 0xA8)
ACCENT_DARK = (0x82, 0xB4, 0xEA)
LIGHT_SURFACE = (0xFF, 0xFF, 0xFF)
DARK_SURFACE = (0x1A, 0x1D, 0x22)
LIGHT_CONTRAST = 5.5  # WCAG 2.2 1.4.3 asks for 4.5; at 5.5 on white the colour also has 4.5 on the theme's sunken surface
DARK_CONTRAST = 7.0  # a colour at 4.5 looks dull on dark, and has less than 4.5 on the sunken surface

# Next to a logo the name is there for screen readers only; the stylesheet is read after the theme, so it wins.
_WORDMARK = (
    ".masthead-logo{max-width:16rem}.masthead-mark~.masthead-name{position:absolute;width:1px;height:1px;"
    "overflow:hidden;clip-path:inset(50%);white-space:nowrap}\n"
)

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(r"(--[A-Za-z0-9-]+)\s*:\s*([^;{}]*)")
_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_VALUES = {
    "--brand-accent": _HEX,
    "--brand-accent-dark": _HEX,
    "--brand-radius": re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?(rem|px)"),
    "--brand-name": re.compile("shown|hidden"),
    "--brand-font": re.compile(r"[A-Za-z0-9 ,\"'-]{1,200}"),
}


def declarations(text: str) -> tuple[dict[str, str], list[str]]:
    """The custom properties of a theme file that we know, and one line for each other thing in it."""
    found: dict[str, str] = {}
    problems: list[str] = []
    bare = _COMMENT.sub("", text)
    for name, raw in _DECLARATION.findall(bare):
        value, shape = raw.strip(), _VALUES.get(name)
        if shape is None:
            problems.append(f"{name}: not a property of the theme; there are {', '.join(_VALUES)}")
        elif not shape.fullmatch(value):
            problems.append(f"{name}: not a value that it takes; see docs/brand.md")
        else:
            found[name] = value
    if not found and not problems and bare.strip():
        problems.append("nothing in it is a custom property; see docs/brand.md")
    return found, problems


def problems(home: Path) -> list[str]:
    """What `broker check` says about the theme: one line a problem, as `FILE: property: what is wrong`."""
    path = home / THEME
    if not path.is_file():
        return []
    return [f"{THEME}: {line}" for line in declarations(path.read_text("utf-8", "replace"))[1]]


def stylesheet(home: Path) -> str:
    """The company's custom properties as one CSS text, for the light scheme and the dark one."""
    path = home / THEME
    found = declarations(path.read_text("utf-8", "replace"))[0] if path.is_file() else {}
    chosen = _colour(found.get("--brand-accent"))
    light = readable(chosen or ACCENT, LIGHT_SURFACE)
    dark = readable(_colour(found.get("--brand-accent-dark")) or chosen or ACCENT_DARK, DARK_SURFACE)
    rest = "".join(f"{name}:{found[name]};" for name in ("--brand-radius", "--brand-font") if name in found)
    wordmark = _WORDMARK if found.get("--brand-name") == "hidden" else ""
    return f":root{{{_palette(light)}{rest}}}\n{wordmark}@media (prefers-color-scheme:dark){{:root{{{_palette(dark)}}}}}\n"


def name_is_hidden(home: Path) -> bool:
    """Whether the logo is a word mark that says the company's name by itself."""
    path = home / THEME
    return path.is_file() and declarations(path.read_text("utf-8", "replace"))[0].get("--brand-name") == "hidden"


def accent_hex(home: Path) -> str:
    """The accent colour that is readable on white, as mail programs want it."""
    path = home / THEME
    found = declarations(path.read_text("utf-8", "replace"))[0] if path.is_file() else {}
    return "#{:02x}{:02x}{:02x}".format(*readable(_colour(found.get("--brand-accent")) or ACCENT, LIGHT_SURFACE))


def logo_png(home: Path) -> bytes | None:
    """The logo, where it is one that mail programs show."""
    path = home / LOGOS[1]
    return path.read_bytes() if path.is_file() else None


def readable(colour: Colour, surface: Colour) -> Colour:
    """The colour, moved away from the surface in small steps until text in it has the scheme's contrast."""
    light = luminance(surface) > 0.5
    goal, wanted = ((0, 0, 0), LIGHT_CONTRAST) if light else ((255, 255, 255), DARK_CONTRAST)
    for step in range(0, 101, 2):
        red, green, blue = (round(c + (g - c) * step / 100) for c, g in zip(colour, goal, strict=True))
        if contrast((red, green, blue), surface) >= wanted:
            return red, green, blue
    return goal


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """Relative luminance in WCAG 2.2's sense, 0 to 1."""
    red, green, blue = (c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _palette(accent: Colour) -> str:
    """The accent, text on it, and its shade under the pointer (never nearer to the text's colour)."""
    on_accent = max(((255, 255, 255), (0, 0, 0)), key=lambda text: contrast(text, accent))
    goal = 255 - on_accent[0]
    red, green, blue = (round(c + (goal - c) * 0.15) for c in accent)
    parts = ",".join(map(str, accent))
    return (
        f"--accent:rgb({parts});--accent-rgb:{parts};--accent-strong:rgb({red},{green},{blue});"
        f"--on-accent:rgb({','.join(map(str, on_accent))});"
    )


def _colour(text: str | None) -> Colour | None:
    """The colour of `#abc` or `#aabbcc`."""
    if text is None:
        return None
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
