"""Every file of config/, read and judged alone; then all of them together. Nothing is raised: the errors are collected."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from broker.settings import application_shape, partner_file, policy_file, translate, yaml_tree
from broker.settings.errors import ConfigError, Problem
from broker.settings.model import MODELS
from broker.settings.secrets import References
from broker.settings.yaml_tree import Tree

FOLDERS = {"partner": "partners", "application": "applications", "policy": "policies", "federation": "federations"}
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
LONGEST_FEDERATION = 60  # characters: the ids of its partners begin with its name
RESERVED = {
    "partner": {
        "email": "names the guests who prove themselves by a code sent by mail",
        "admin-link": "names administrators who sign in by a link of the command line",
        "any": "stands for every partner in the rules of groups",
        "new": "is the address of a page of the portal",
    },
    "federation": {
        "email": "names the guests who prove themselves by a code sent by mail",
        "any": "stands for every partner in the rules of groups",
    },
    "policy": dict.fromkeys(("new", "replay", "what-if"), "is the address of a page of the portal"),
}
_SHAPES: dict[str, Callable[[Mapping[str, Any]], Iterator[Problem]]] = {
    "partner": partner_file.shape,
    "application": application_shape.shape,
    "policy": policy_file.shape,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file. model: None if it has errors."""

    kind: str
    id: str
    tree: Tree
    model: BaseModel | None


@dataclass(slots=True)
class Reading:
    """One look at config/. read: further files whose contents count, `${file:...}`."""

    home: Path
    sources: list[Source] = field(default_factory=list)
    errors: list[ConfigError] = field(default_factory=list)
    digest: str = ""
    read: set[Path] = field(default_factory=set)

    def of(self, kind: str) -> Iterator[Source]:
        """The files of one kind."""
        return (source for source in self.sources if source.kind == kind)


def read(home: Path, environ: Mapping[str, str]) -> Reading:
    """Read and judge every file, each alone. See cross.check for what they say of each other."""
    reading = Reading(home)
    references = References(home, environ)
    digest = hashlib.sha256()
    for kind, identifier, path in files(home, reading.errors):
        name = path.relative_to(home).as_posix()
        raw = _bytes(path, name, reading.errors)
        if raw is None:
            continue
        digest.update(f"{name}\0{len(raw)}\0".encode())
        digest.update(raw)
        reading.sources.append(judge(kind, identifier, name, raw, references, home))
        reading.errors += reading.sources[-1].tree.errors
    reading.digest = digest.hexdigest()[:16]
    reading.read = references.files
    return reading


def files(home: Path, errors: list[ConfigError]) -> Iterator[tuple[str, str, Path]]:
    """(kind, id, path) of every file, broker.yaml first, in a stable order; names that cannot be ids become errors."""
    yield "broker", "broker", home / "config" / "broker.yaml"
    for kind, folder in FOLDERS.items():
        for name in _names(home / "config" / folder):
            if name.startswith(".") or not name.endswith((".yaml", ".yml")):
                continue  # editors' files, certificates, notes
            shown = f"config/{folder}/{name}"
            identifier = name.removesuffix(".yaml")
            if name.endswith(".yml"):
                errors.append(ConfigError(shown, 1, "file", f"ends in .yml and would be missed; name it {name[:-4]}.yaml"))
            elif problem := name_problem(kind, identifier):
                errors.append(ConfigError(shown, 1, "file", problem))
            else:
                yield kind, identifier, home / "config" / folder / name


def name_problem(kind: str, identifier: str) -> str:
    """Why a file of this kind may not have this name, without .yaml; "" if it may."""
    if not ID.fullmatch(identifier) or (kind == "federation" and len(identifier) > LONGEST_FEDERATION):
        return f"its name is no {kind} id; use lower-case letters, digits and . _ -, beginning with a letter or digit"
    reserved = RESERVED.get(kind, {}).get(identifier)
    return f"{identifier} {reserved}; choose another name" if reserved else ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []


def _bytes(path: Path, name: str, errors: list[ConfigError]) -> bytes | None:
    """The file's content, if it is a file of a size that such files have."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a folder, or a pipe that would wait for a writer
            errors.append(ConfigError(name, 1, "file", "is not a file; replace it by one"))
            return None
        with path.open("rb") as stream:
            raw = stream.read(yaml_tree.LIMIT + 1)
    except FileNotFoundError:
        errors.append(ConfigError(name, 1, "file", "does not exist; write it, or name the folder that holds config/ by --home"))
    except OSError:
        errors.append(ConfigError(name, 1, "file", "cannot be read; make it readable for the broker's user"))
    else:
        if len(raw) <= yaml_tree.LIMIT:
            return raw
        errors.append(ConfigError(name, 1, "file", "is larger than 256 KiB; split it or remove what does not belong here"))
    return None


def judge(kind: str, identifier: str, name: str, raw: bytes, references: References, home: Path) -> Source:
    """One file's content, alone. name: of the file, for messages; the errors are in its tree."""
    tree = yaml_tree.read(raw, name)
    if not isinstance(tree.data, dict):
        return Source(kind, identifier, tree, None)
    if b"${" in raw:
        references.resolve(tree)
    model = None
    try:
        model = MODELS[kind].model_validate(tree.data, context={"home": home, "id": identifier, "read": references.files})
    except ValidationError as error:
        tree.errors += translate.errors_of(MODELS[kind], tree, error)
    shape = _SHAPES.get(kind)
    if shape is not None:
        tree.errors += translate.of_problems(tree, shape(tree.data))
    return Source(kind, identifier, tree, None if tree.errors else model)
