"""Write dist/sbom.cdx.json (CycloneDX 1.6) and dist/licences.txt of what requirements/run.txt installs.

    .venv/bin/python scripts/sbom.py FOLDER

The lock file says which packages, versions, hashes and who asks for them; the installed packages say their licences. A package that this
system does not install has no licence here. Same lock, same environment: same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from broker import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "guest-broker"
PIN = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^ ;]+)(?: ; (?P<marker>.*?))? \\$")
CLASSIFIER = "License :: OSI Approved :: "


def read_lock(text: str) -> list[dict[str, Any]]:
    """The pins of a lock file in its order: name, version, marker (or None), hashes (SHA-256, hex), wanted_by (names)."""
    pins: list[dict[str, Any]] = []
    for line in text.splitlines():
        if pin := PIN.match(line):
            pins.append({**pin.groupdict(), "hashes": [], "wanted_by": []})
        elif found := re.fullmatch(r" +--hash=sha256:([0-9a-f]{64})(?: \\)?", line):
            pins[-1]["hashes"].append(found[1])
        elif found := re.fullmatch(r" +#(?: via)? +(?!via$)([\w.-]+)(?: \(.*\))?", line):
            pins[-1]["wanted_by"].append(found[1])
        elif line.strip() != "# via":
            raise ValueError(f"a line of the lock file has an unknown form: {line}")
    return pins


def licence(name: str) -> str | None:
    """The licence that an installed package states: its expression, else its classifiers, else its own short text."""
    try:
        stated = distribution(name).metadata.json  # a dict of strings and lists, for every Python
    except PackageNotFoundError:
        return None
    if expression := stated.get("license_expression"):
        return str(expression)
    classifiers = [line.removeprefix(CLASSIFIER) for line in stated.get("classifier", []) if line.startswith(CLASSIFIER)]
    return " AND ".join(classifiers) or next(iter(str(stated.get("license", "")).split("\n")), "") or None


def component(pin: dict[str, Any]) -> dict[str, Any]:
    """A package as a component; its files' hashes stand at the distribution, because a release has several files."""
    reference = f"pkg:pypi/{pin['name']}@{pin['version']}"
    hashes = [{"alg": "SHA-256", "content": digest} for digest in pin["hashes"]]
    stated = licence(pin["name"])
    return {
        "type": "library",
        "bom-ref": reference,
        "name": pin["name"],
        "version": pin["version"],
        "purl": reference,
        **({"licenses": [{"license": {"name": stated}}]} if stated else {}),
        **({"properties": [{"name": "python:marker", "value": pin["marker"]}]} if pin["marker"] else {}),
        "externalReferences": [{"type": "distribution", "url": f"https://pypi.org/project/{pin['name']}/", "hashes": hashes}],
    }


def bill(lock: str, own_licence: str) -> dict[str, Any]:
    """The document of one lock file. Its serial number is made of version and lock: a date would differ at every build."""
    pins = read_lock(lock)
    own = f"pkg:pypi/{PROJECT}@{__version__}"
    references = {PROJECT: own, **{pin["name"]: f"pkg:pypi/{pin['name']}@{pin['version']}" for pin in pins}}
    wants: dict[str, list[str]] = {name: [] for name in references}
    for pin in pins:
        for other in pin["wanted_by"]:
            wants[other].append(references[pin["name"]])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": PROJECT,
                "version": __version__,
                "purl": own,
                "licenses": [{"license": {"id": own_licence}}],
            }
        },
        "components": [component(pin) for pin in pins],
        "dependencies": [{"ref": references[name], "dependsOn": sorted(found)} for name, found in wants.items()],
    }


def main(folder: Path) -> int:
    """Write both files; 0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    document = bill((ROOT / "requirements" / "run.txt").read_text("utf-8"), project["license"])
    (folder / "sbom.cdx.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    lines = [f"{PROJECT} {__version__}: {project['license']}"]
    for one in document["components"]:
        stated = one["licenses"][0]["license"]["name"] if "licenses" in one else "not installed on the machine of this build"
        lines.append(f"{one['name']} {one['version']}: {stated}")
    (folder / "licences.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
