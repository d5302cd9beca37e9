"""The SBOM says what the lock file says: every package with its version, its hashes, and who asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from broker import __version__
from scripts import sbom
from tests.house.locks import needs, read_lock
from tests.house.source import ROOT

LOCK = (ROOT / "requirements/run.txt").read_text("utf-8")


def test_every_pin_is_a_component():
    """Name, version and marker are those of the lock as another reader understands it; each hash of the file is there once."""
    pins = read_lock("run")
    found = sbom.bill(LOCK, "Apache-2.0")["components"]
    assert {(one["name"], one["version"]) for one in found} == {(pin.name, pin.version) for pin in pins.values()}
    assert {one["name"] for one in found if "properties" in one} == {name for name, pin in pins.items() if pin.requirement.marker}
    hashes = [entry["content"] for one in found for part in one["externalReferences"] for entry in part["hashes"]]
    assert len(hashes) == LOCK.count("--hash=sha256:")
    assert all(one["licenses"] for one in found)


def test_dependencies_are_those_of_the_packages():
    """Each arrow is a requirement that the installed package states; the project asks for what pyproject.toml lists."""
    document = sbom.bill(LOCK, "Apache-2.0")
    names = {one["purl"]: one["name"] for one in [*document["components"], document["metadata"]["component"]]}
    assert {part["ref"] for part in document["dependencies"]} == set(names)
    arrows = {names[part["ref"]]: {names[other] for other in part["dependsOn"]} for part in document["dependencies"]}
    assert {"flask", "pyop", "xmlsec"} <= arrows.pop(sbom.PROJECT)
    for name, wanted in arrows.items():
        assert wanted <= {canonicalize_name(need.name) for need in needs(name)}, name


def test_files_of_a_release(tmp_path: Path):
    """Both files are the same at every build of one lock."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert sbom.main(tmp_path / name) == 0
    for name in ("sbom.cdx.json", "licences.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    document = json.loads((tmp_path / "one" / "sbom.cdx.json").read_text("utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert f"guest-broker {__version__}: Apache-2.0" in (tmp_path / "one" / "licences.txt").read_text("utf-8").splitlines()


def test_a_form_that_is_not_known_is_refused():
    """A lock of another tool is an error: a part that is skipped would be a package that nobody lists."""
    with pytest.raises(ValueError, match="unknown form"):
        sbom.read_lock("flask>=3\n")


def test_a_package_that_is_not_installed_has_no_licence():
    """It is listed, with its marker."""
    (pin,) = sbom.read_lock(
        "nothing-of-this-name==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "0" * 64 + "\n    # via flask\n"
    )
    found = sbom.component(pin)
    assert "licenses" not in found
    assert found["properties"] == [{"name": "python:marker", "value": "sys_platform == 'win32'"}]
