"""The file of a new application, from a form: written as YAML, and checked as it would be in config/. Nothing is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from broker.domain.audit import Actor
from broker.domain.ids import new_secret
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.settings import draft
from broker.settings.draft import Draft
from broker.settings.reload import CurrentSettings

DEFAULT_SCOPES = ("openid", "profile", "email")  # of a file without `scopes`
Credential = Literal["secret", "jwks_uri", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """What the form asks. Texts are as they were typed; credential: how the application proves itself."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    launch_url: str = ""
    credential: Credential = "secret"
    jwks_uri: str = ""
    owners: tuple[str, ...] = ()
    assignment_required: bool = True
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    request: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of its secret; "" for one that needs none."""
        if self.credential != "secret":
            return ""
        words = re.sub(r"[^A-Z0-9]+", "_", self.client_id.upper()).strip("_")
        return f"{'APP_' if words[:1].isdigit() else ''}{words}_SECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftProblem:
    """key: dotted, as `broker check` names it. message: its words, which are English everywhere."""

    key: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedApplication:
    """file: its place below the home. problems: none if the broker would take it. variable_missing: the secret is still to be set."""

    file: str
    text: str
    problems: tuple[DraftProblem, ...]
    variable: str
    variable_missing: bool


class ApplicationDrafts:
    """Writes and checks. For administrators, who alone write config/."""

    def __init__(self, core: Core, files: CurrentSettings) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._files = files

    def write(self, actor: Actor, wish: NewApplication) -> DraftedApplication:
        """The file with all that is wrong with it. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.KEEP_APPLICATIONS, self._clock())
        values, missing = _values(wish), not self._files.is_set(wish.variable)
        made = Draft(kind="application", id=wish.client_id, text=draft.written(values))
        problems = [DraftProblem(key=key, message="is a reference; write the value itself") for key in _references(wish)]
        if wish.client_id in settings.applications:
            problems.append(DraftProblem(key="file", message=f"{made.file} is there already; choose another client_id"))
        if not problems:  # a secret that is not set yet is no fault of the file: any good one stands for it here
            found = self._files.check(made, also_set={wish.variable: new_secret()} if wish.variable else {})
            problems = [DraftProblem(key=error.key, message=error.message) for error in found]
        return DraftedApplication(
            file=made.file,
            text=made.text,
            problems=tuple(problems),
            variable=wish.variable,
            variable_missing=bool(wish.variable) and missing,
        )


def _values(wish: NewApplication) -> dict[str, Any]:
    """The keys of the file, those that differ from their default."""
    found: dict[str, Any] = {"name": wish.name}
    if wish.credential == "secret":
        found["client_secret"] = f"${{env:{wish.variable}}}"
    elif wish.credential == "jwks_uri":
        found["jwks_uri"] = wish.jwks_uri
    for key in ("redirect_uris", "post_logout_redirect_uris"):
        if getattr(wish, key):
            found[key] = list(getattr(wish, key))
    if wish.launch_url:
        found["launch_url"] = wish.launch_url
    if wish.owners:
        found["owners"] = list(wish.owners)
    found["assignment_required"] = wish.assignment_required
    if wish.roles:
        found["roles"] = list(wish.roles)
    if wish.scopes != DEFAULT_SCOPES:
        found["scopes"] = list(wish.scopes)
    if wish.request:
        found["self_service"] = {"request": True}
    return found


def _references(wish: NewApplication) -> Iterator[str]:
    """The keys whose value would be read from elsewhere: a form has no business in our environment and files (CF-01)."""
    for key in ("name", "launch_url", "jwks_uri", "redirect_uris", "post_logout_redirect_uris", "owners", "roles", "scopes"):
        value = getattr(wish, key)
        if any("${" in one for one in ((value,) if isinstance(value, str) else value)):
            yield key
