"""The policies of the files as staff reads them: each with its file, and how often it counted in the sign-ins of the last weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.domain.audit import Actor
from broker.domain.errors import NotFound
from broker.domain.policy import Mode
from broker.domain.times import DAY
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.policies import group_uses
from broker.settings import policy_draft, yaml_tree
from broker.settings.load import Settings
from broker.settings.policy_file import PolicyFile
from broker.storage.engine import Connection
from broker.storage.login import receipts

WEEK, MONTH = 7 * DAY, 28 * DAY
COUNTED = 5_000  # sign-ins, the newest; more are not looked at
_STATES = tuple(mode.value for mode in Mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEffect:
    """In how many sign-ins a policy blocked, required something, or could not be evaluated; week: one of them in seven days."""

    blocked: int = 0
    required: int = 0
    error: int = 0
    week: int = 0

    @property
    def month(self) -> int:
        """All of them, in 28 days."""
        return self.blocked + self.required + self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySeen:
    """path: of its file, relative to the home. missing: what is wrong with the groups that it names, in English."""

    file: PolicyFile
    path: str
    effect: PolicyEffect
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyList:
    """Those in force first, blocks before requirements. sign_ins: that were looked at; since: the first of them, where more exist."""

    policies: tuple[PolicySeen, ...]
    sign_ins: int
    since: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """One policy with its file's text. lines: of each key of the first level. in_force: the file says what is in force now."""

    seen: PolicySeen
    sign_ins: int
    since: int | None
    text: str
    lines: Mapping[str, int]
    in_force: bool


class PolicyCatalog:
    """Reads policies for staff; it changes nothing."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def listed(self, actor: Actor) -> PolicyList:
        """All policies of the files. Raises Forbidden."""
        settings, now = self._settings(), self._clock()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_POLICIES, now)
            return _list(tx, settings.policies, now)

    def one(self, actor: Actor, policy: str) -> PolicyText:
        """One of them. Raises Forbidden, NotFound."""
        settings, now = self._settings(), self._clock()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_POLICIES, now)
            file = settings.policies.get(policy)
            if file is None:
                raise NotFound(f"there is no policy {policy!r}", "policy_unknown")
            found = _list(tx, {policy: file}, now)
        path = policy_draft.path_of(policy)
        text = text_of(settings, policy)
        return PolicyText(
            seen=found.policies[0],
            sign_ins=found.sign_ins,
            since=found.since,
            text=text,
            lines=policy_draft.lines(text, path),
            in_force=policy_draft.check(settings, policy, text).model == file,
        )


def text_of(settings: Settings, policy: str) -> str:
    """The text of a policy's file as it is on disk now; "" if it cannot be read."""
    try:
        with settings.path(policy_draft.path_of(policy)).open("rb") as stream:
            return stream.read(yaml_tree.LIMIT).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _list(tx: Connection, files: Mapping[str, PolicyFile], now: int) -> PolicyList:
    rows = receipts.policy_results(tx, now - MONTH, COUNTED)
    missing: dict[str, list[str]] = {}
    for one in group_uses.missing(tx, files):
        missing.setdefault(one.policy, []).append(one.missing)
    effects = _effects(rows, now - WEEK)
    found = [
        PolicySeen(
            file=file,
            path=policy_draft.path_of(file.id),
            effect=effects.get(file.id, PolicyEffect()),
            missing=tuple(missing.get(file.id, ())),
        )
        for file in sorted(files.values(), key=_rank)
    ]
    return PolicyList(policies=tuple(found), sign_ins=len(rows), since=rows[-1][0] if len(rows) == COUNTED else None)


def _rank(file: PolicyFile) -> tuple[int, bool, str, str]:
    return _STATES.index(file.state), not file.grant.block, file.name.casefold(), file.id


def _effects(rows: Iterable[tuple[int, list[dict[str, str]]]], week: int) -> dict[str, PolicyEffect]:
    """Policy -> its effect. week: when the last seven days begin."""
    counted: Counter[tuple[str, str]] = Counter()
    recent: Counter[str] = Counter()
    for at, results in rows:
        for one in results:
            if one["result"] != "not_matched":
                counted[one["id"], one["result"]] += 1
                recent[one["id"]] += at >= week
    return {
        policy: PolicyEffect(
            blocked=counted[policy, "blocked"],
            required=counted[policy, "required"],
            error=counted[policy, "error"],
            week=week_count,
        )
        for policy, week_count in recent.items()
    }
