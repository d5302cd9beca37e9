"""The extra `guest-broker[testing]`, built, unpacked beside the broker, and used as docs/testing-kit.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

from broker import __version__
from tests.house.source import ROOT

GUIDE = ROOT / "docs" / "testing-kit.md"


def test_the_extra_is_the_kit_of_the_same_version(kit: Path) -> None:
    """The broker's extra names the kit, and the kit names the broker, each in exactly this version."""
    found = {path.name.partition("-")[0]: PathDistribution(path) for path in kit.glob("*.dist-info")}
    assert set(found) == {"guest_broker", "guest_broker_testing"}
    assert f'guest-broker-testing=={__version__}; extra == "testing"' in (found["guest_broker"].requires or [])
    assert f"guest-broker=={__version__}" in (found["guest_broker_testing"].requires or [])
    assert {one.metadata["Version"] for one in found.values()} == {__version__}


def test_the_example_of_the_guide(kit: Path, tmp_path: Path) -> None:
    """The example's lines as they stand, in a folder without a conftest.py: pytest finds the fixtures by the entry point."""
    example, _ = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert example.count("\n") <= 11
    (tmp_path / "test_example.py").write_text(example, "utf-8")
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "run"),
        "test_example.py",
    ]
    environment = {**os.environ, "PYTHONPATH": str(kit)}
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout[-3000:] + done.stderr[-1000:]
