"""The lock files, read; and an index made up from them in which every package has a newer release."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT

NEWER = "9999.0"
LOCKS = ("run", "dev")


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement of a lock: name, extras, version, marker."""

    requirement: Requirement

    @property
    def name(self) -> str:
        """As an index spells it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version."""
        (only,) = self.requirement.specifier
        return only.version

    def holds(self, environment: dict[str, str]) -> bool:
        """Whether it is installed there."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate({**environment, "extra": ""})


def read_lock(which: str) -> dict[str, Pin]:
    """requirements/WHICH.txt by name."""
    text = (ROOT / "requirements" / f"{which}.txt").read_text()
    lines = re.findall(r"^([a-zA-Z0-9][^\\\n]*?) *\\$", text, re.MULTILINE)
    pins = [Pin(Requirement(line)) for line in lines]
    return {pin.name: pin for pin in pins}


def needs(name: str) -> list[Requirement]:
    """What an installed package asks for, extras included; nothing is known of one that this system does not install."""
    try:
        return [Requirement(line) for line in metadata(name).get_all("Requires-Dist") or []]
    except PackageNotFoundError:
        return []


def extras(name: str) -> list[str]:
    """The extras that an installed package offers."""
    try:
        return metadata(name).get_all("Provides-Extra") or []
    except PackageNotFoundError:
        return []


def make_wheel(folder: Path, name: str, version: str) -> Path:
    """A wheel without a module, with the true package's requirements."""
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Provides-Extra: {extra}" for extra in extras(name)] + [f"Requires-Dist: {need}" for need in needs(name)]
    files = {
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    wheel = folder / f"{plain}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return wheel


def make_index(folder: Path, pins: dict[str, Pin]) -> tuple[str, str]:
    """A simple index with the locked and a newer release of every package, and a lock of the same lines with these files' hashes.

    Returns the index's address and the text of the lock.
    """
    lock = []
    for name, pin in pins.items():
        place = folder / name
        place.mkdir(parents=True)
        wheels = [make_wheel(place, name, version) for version in (pin.version, NEWER)]
        hashes = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
        links = [f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>' for wheel, digest in zip(wheels, hashes, strict=True)]
        (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{' '.join(links)}</body></html>")
        lock.append(f"{pin.requirement} \\\n    --hash=sha256:{hashes[0]}\n")
    return folder.as_uri(), "".join(lock)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
