"""Copies the documents to a folder for mkdocs, with the files that they link to; `--check` reads the built site.

The folder keeps the project's layout, so the relative links of the documents work on the site as they do in the repository.
"""

from __future__ import annotations

import re
import shutil
import sys
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)((?:#[^)]*)?)\)")
LOADING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "form": "action"}
LOADED = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}


def copy_pages(target: Path) -> None:
    """Fill the folder: documents, and the files that documents link to."""
    if target.exists():
        shutil.rmtree(target)
    waiting = [ROOT / name for name in TOP] + sorted((ROOT / "docs").rglob("*.md"))
    done: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            copy.write_text(LINK.sub(partial(_link, page=path, waiting=waiting), path.read_text()))
        else:
            shutil.copyfile(path, copy)


def _link(found: re.Match[str], page: Path, waiting: list[Path]) -> str:
    """A link to a file is kept, one to a folder leads to its README.md; a folder without one is named without a link."""
    words, link, anchor = found.groups()
    path = (page.parent / link).resolve()
    if "://" in link or link.startswith("mailto:") or not path.is_relative_to(ROOT):
        return found.group()
    if path.is_dir():
        if not (path / "README.md").exists():
            return words
        link, path = f"{link.rstrip('/')}/README.md", path / "README.md"
    if path.is_file():
        waiting.append(path)
    return f"[{words}]({link}{anchor})"


class _Loads(HTMLParser):
    """Collects what a page loads from an absolute address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of a <link> only the kinds that a browser fetches count."""
        given = {name: value or "" for name, value in attrs}
        address = given.get(LOADING.get(tag, ""), "")
        fetched = tag != "link" or LOADED & set(given.get("rel", "").split())
        if fetched and re.match(r"(?:https?:)?//", address):
            self.found.append(f"<{tag}> {address}")


def check_site(site: Path) -> list[str]:
    """What pages and stylesheets of the site load from another host."""
    found = []
    for page in sorted(site.rglob("*.html")):
        reader = _Loads()
        reader.feed(page.read_text())
        if 'class="mermaid"' in page.read_text():  # the theme fetches the program for diagrams from another host
            reader.found.append("a mermaid diagram")
        found += [f"{page.relative_to(site)}: {load}" for load in reader.found]
    for sheet in sorted(site.rglob("*.css")):
        found += [
            f"{sheet.relative_to(site)}: {load}" for load in re.findall(r"url\([\"']?((?:https?:)?//[^)\"']+)", sheet.read_text())
        ]
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        if problems := check_site(Path(sys.argv[2])):
            sys.exit("\n".join(["loaded from another host:", *problems]))
    else:
        copy_pages(ROOT / sys.argv[1])
