"""docs/applications: each file that a guide shows is one that the broker accepts, and the index lists each guide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.settings.load import load
from tests.rules import ROOT

GUIDES = sorted((ROOT / "docs/applications").glob("*.md"))
EXAMPLE = re.compile(r"```yaml\n *# (config/applications/[a-z-]+\.yaml)\n(.*?)```", re.DOTALL)
NAMES = {
    "README", "oauth2-proxy", "mod-auth-openidc", "spring", "django", "jupyterhub", "synapse", "generic-oauth", "msal", "go-oidc",
    "openid-client", "authlib",
}  # fmt: skip


def test_there_is_a_guide_for_each_application():
    """FC-15: a page for each, and a line in the index."""
    assert {guide.stem for guide in GUIDES} == NAMES
    index = (ROOT / "docs/applications/README.md").read_text("utf-8")
    assert [name for name in sorted(NAMES - {"README"}) if f"({name}.md)" not in index] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_application_file_in_a_guide_loads(guide: Path, tmp_path: Path):
    """FC-15: a newcomer copies the file, and the broker accepts it as it stands."""
    text = guide.read_text("utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```yaml") == 1
    (name, body) = examples[0]
    (tmp_path / "config/applications").mkdir(parents=True)
    (tmp_path / "config/broker.yaml").write_text("issuer: https://login.contoso.example\norganization: {name: Contoso}\n")
    indent = re.match(" *", body)
    assert indent is not None
    (tmp_path / name).write_text("\n".join(line.removeprefix(indent.group()) for line in body.splitlines()) + "\n")
    secrets = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", text), "a-secret-of-more-than-sixteen-characters")
    (application,) = load(tmp_path, secrets).applications.values()
    assert application.redirect_uris
