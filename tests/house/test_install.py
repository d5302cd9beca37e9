"""What a set-up installs is the lock and nothing but the lock, whatever an index has published since."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distributions
from pathlib import Path

import pip
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.locks import LOCKS, Pin, make_index, needs, read_lock
from tests.house.source import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def environments() -> list[dict[str, str]]:
    """Linux with every Python that we promise; a dependency of one version only is in the lock as well."""
    here = {name: str(value) for name, value in default_environment().items()}
    return [here | {"python_version": python, "python_full_version": f"{python}.0"} for python in PYTHONS]


def wanted(which: str) -> list[Requirement]:
    """What pyproject.toml asks for by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values() if which == "dev" else ()
    return [Requirement(line) for line in [*project["project"]["dependencies"], *(line for group in groups for line in group)]]


def covers(pins: dict[str, Pin], need: Requirement, environment: dict[str, str]) -> bool:
    """Whether the lock installs what is needed there: that package, in a version that will do, with those extras."""
    pin = pins.get(canonicalize_name(need.name))
    return (
        pin is not None
        and pin.holds(environment)
        and need.specifier.contains(pin.version, prereleases=True)
        and need.extras <= pin.requirement.extras
    )


@pytest.mark.parametrize("which", LOCKS)
def test_lock_is_closed(which: str) -> None:
    """Everything that the project and its packages ask for is in the lock, extras included: there is nothing to resolve."""
    pins = read_lock(which)
    missing = []
    for environment in environments():
        asked = [("pyproject.toml", need) for need in wanted(which)]
        for name, pin in pins.items():
            if pin.holds(environment):
                for extra in ("", *pin.requirement.extras):
                    at = {**environment, "extra": extra}
                    asked += [(name, need) for need in needs(name) if need.marker is None or need.marker.evaluate(at)]
        missing += [f"{who} asks for {need}" for who, need in asked if not covers(pins, need, environment)]
    assert len(pins) > 40
    assert missing == []


class Place:
    """A folder with our scripts/install in it, a made-up index and a lock for it. only: these packages of the lock."""

    def __init__(self, home: Path, which: str, *only: str) -> None:
        self.home, self.which = home, which
        for name in ("scripts", "requirements"):
            (home / name).mkdir(parents=True)
        for script in ("install", "need"):
            shutil.copy(ROOT / "scripts" / script, home / "scripts")
        self.index, self.lock = make_index(
            home / "simple", {name: pin for name, pin in read_lock(which).items() if name in only or not only}
        )
        venv.create(home / ".venv", with_pip=False)
        (self.site / "pip").symlink_to(Path(str(pip.__file__)).parent)

    @property
    def site(self) -> Path:
        """Where the new environment keeps its packages."""
        return self.home / ".venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def install(self) -> subprocess.CompletedProcess[str]:
        """Run scripts/install here, with the made-up index as the only one."""
        (self.home / "requirements" / f"{self.which}.txt").write_text(self.lock)
        own = {"PIP_INDEX_URL": self.index, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "HOME": str(self.home)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        return subprocess.run(
            ["bash", "scripts/install", self.which],
            cwd=self.home,
            env=kept | own,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def installed(self) -> dict[str, str]:
        """Name and version of all that lies there now."""
        found = distributions(path=[str(self.site)])
        return {canonicalize_name(one.metadata["Name"]): one.version for one in found}


@pytest.mark.parametrize("which", LOCKS)
def test_newer_releases_change_nothing(tmp_path: Path, which: str) -> None:
    """Every package of the lock has a newer release on the index, with the true packages' requirements: the locked ones come."""
    place = Place(tmp_path, which)
    done = place.install()
    assert done.returncode == 0, done.stderr
    here = environments()[0]
    assert place.installed() == {name: pin.version for name, pin in read_lock(which).items() if pin.holds(here)}


def test_an_extra_that_the_lock_forgets_is_reported() -> None:
    """The fault of November 2026: a lock that named coverage without its extra, which pytest-cov asks for."""
    pins = read_lock("dev")
    need, here = Requirement("coverage[toml]>=7.10.6"), environments()[0]
    assert covers(pins, need, here)
    assert not covers(pins | {"coverage": Pin(Requirement(f"coverage=={pins['coverage'].version}"))}, need, here)


def test_an_install_that_resolves_would_be_caught(tmp_path: Path) -> None:
    """The trap is one: without --no-deps, what the lock lacks is looked for beside newer releases, and refused."""
    place = Place(tmp_path, "dev", "pytest", "iniconfig", "packaging", "pluggy", "pygments")
    script = tmp_path / "scripts" / "install"
    assert "--no-deps " in script.read_text()
    script.write_text(script.read_text().replace("--no-deps ", ""))
    place.lock = re.sub(r"^pluggy==[^\n]*\n[^\n]*\n", "", place.lock, flags=re.MULTILINE)
    done = place.install()
    assert done.returncode != 0
    assert "In --require-hashes mode, all requirements must have their versions pinned" in done.stderr


def test_a_package_that_the_lock_forgets_is_reported(tmp_path: Path) -> None:
    """Nothing is resolved, so that `pip check` has to say what is missing."""
    done = Place(tmp_path, "run", "flask", "blinker", "click", "itsdangerous", "jinja2", "markupsafe").install()
    assert done.returncode != 0
    assert re.search(r"^flask 3\S* requires werkzeug, which is not installed", done.stderr, re.MULTILINE), done.stderr
