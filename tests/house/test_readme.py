"""What a newcomer copies from the README works."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from broker.settings.load import load
from tests.house.source import ROOT

SECRETS = {"FABRIKAM_SECRET": "0123456789abcdef-1", "PAYROLL_SECRET": "0123456789abcdef-2"}


def test_files_of_the_readme_load(tmp_path: Path):
    """Ten numbered steps; their three files load, each under the name that its step gives."""
    chapter = (ROOT / "README.md").read_text().split("## Your first partner", 1)[1].split("\n## ", 1)[0]
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", chapter, re.MULTILINE)]
    assert steps == list(range(1, 11))
    files = re.findall(r"^\d+\. Write `(config/[^`]+)`.*?```yaml\n(.*?)```", chapter, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == [
        "config/broker.yaml",
        "config/partners/fabrikam.yaml",
        "config/applications/payroll.yaml",
    ]
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    settings = load(tmp_path, SECRETS)
    assert set(settings.partners) == {"fabrikam"}
    assert settings.applications["payroll"].client_type == "secret"


def test_example_files_load(tmp_path: Path):
    """config/ of the project: what people start from is valid, with every ${env:NAME} given."""
    wanted = {
        name: f"0123456789abcdef-{number}"
        for number, path in enumerate(sorted((ROOT / "config").rglob("*.yaml")))
        for name in re.findall(r"\$\{env:([A-Z0-9_]+)\}", path.read_text())
    }
    settings = load(ROOT, wanted)
    assert settings.partners
    assert settings.applications
    assert settings.policies
