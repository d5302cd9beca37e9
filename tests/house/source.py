"""The project's own files, as the house tests read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BROKER = ROOT / "broker"


def modules(*folders: str) -> list[Path]:
    """Every Python file below these folders of the project (all of broker/ without arguments)."""
    return sorted(path for folder in folders or ("broker",) for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of every import: `import a.b` is ("a.b", ""), `from a import b` is ("a", "b")."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name) for alias in node.names)


def committed() -> list[Path]:
    """The files that belong to the project: known to git, or new and not ignored; without git, those of a source tree."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0")
    return sorted(path for name in names if name and (path := ROOT / name).is_file())


def relative(path: Path) -> str:
    """As a reader would write it."""
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    """A file's text; empty for a picture."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""
