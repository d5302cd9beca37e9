"""The wheel, built and opened: what production installs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from broker.settings.broker_file import LANGUAGES
from tests.house.source import ROOT

READ = """
import sys
from broker.web.i18n import Languages
for language in ("en", "nl", "de", "fr"):
    Languages().translator(language)
print("babel.messages.pofile" in sys.modules)  # what compiles a source
"""


def run(wheel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed broker; it runs outside the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    line = [sys.executable, *words]
    return subprocess.run(line, env=environment, cwd=wheel.parent, capture_output=True, text=True, check=False, timeout=120)


def test_no_fake_partner_is_in_the_wheel(wheel: Path) -> None:
    """Fake partners and the switches of their attacks are for checkouts; tests and benchmarks, too."""
    names = {path.name for path in wheel.iterdir()}
    assert names == {"broker", next(name for name in names if name.endswith(".dist-info"))}
    assert not any((wheel / "broker" / name).exists() for name in ("demo", "testing"))
    assert (wheel / "broker" / "cli" / "demo.py").is_file()


def test_the_wheel_runs(wheel: Path) -> None:
    """The command line imports nothing that is missing, and everything beside the modules is there."""
    done = run(wheel, "-m", "broker", "--help")
    assert done.returncode == 0, done.stderr
    where = run(wheel, "-c", "import broker; print(broker.__file__)").stdout
    assert where.startswith(str(wheel))
    kinds = {".css", ".html", ".js", ".mako", ".md", ".po", ".pot", ".svg", ".txt", ".yaml"}
    there = {path.relative_to(ROOT) for path in (ROOT / "broker").rglob("*") if path.suffix in kinds}
    assert [path for path in sorted(there) if not {"demo", "testing"} & set(path.parts) and not (wheel / path).is_file()] == []


def test_broker_demo_names_the_way_to_it(wheel: Path) -> None:
    """One line, exit status 1."""
    done = run(wheel, "-m", "broker", "demo", "--once")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "make demo" in line
    assert done.stdout == ""


def test_catalogues_are_compiled(wheel: Path) -> None:
    """Each language has the compiled form of exactly its source, and it is what a process reads."""
    translations = wheel / "broker" / "web" / "translations"
    for language in LANGUAGES:
        folder = translations / language / "LC_MESSAGES"
        assert [path.suffix for path in sorted(folder.iterdir())] == [".mo", ".po"], language
    done = run(wheel, "-c", READ)
    assert done.stdout == "False\n", done.stderr
