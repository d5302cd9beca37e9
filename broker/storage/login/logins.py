"""Logins, and what cross-site POSTs parked for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, delete, exists, insert, null, or_, select, update

from broker.domain.assertion import Assertion
from broker.domain.factor import Proof
from broker.domain.login import LIVE_PER_BROWSER, Login, LoginPurpose, Stage
from broker.domain.login_progress import LoginProgress
from broker.domain.request import AuthorizationRequest
from broker.domain.sign_up import SignUp
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import logins, parked, receipts

_PLAIN = (
    "id", "reference", "created_at", "expires_at", "invitation_id", "partner", "login_hint", "memory", "chosen",
    "another_account_asked", "consented", "fresh_within", "step_up_asked", "own_page_intent", "task", "return_path", "mailbox_proven",
    "mailbox_declined",
)  # fmt: skip
_C = logins.c
_IS_LIVE = (_C.browser == bindparam("owner")) & (_C.stage != Stage.CLOSED.value)
_FORGET_REQUEST: dict[str, Any] = {"state": None, "memory": None}
_ANSWERED: dict[str, Any] = {"memory": None}  # the state's hash stays: the same answer again is refused as used

# Statements of a login's way: built once, since building one costs more than running it.
_ADD = insert(logins)
_KEEP_NEWEST = (
    update(logins)
    .where(
        _IS_LIVE,
        _C.id.not_in(select(_C.id).where(_IS_LIVE).order_by(_C.created_at.desc(), _C.id).limit(LIVE_PER_BROWSER - 1)),
    )
    .values(stage=Stage.CLOSED.value, **_FORGET_REQUEST)
)
_OF_BROWSER = select(logins).where(_C.id == bindparam("login"), _C.browser == bindparam("owner"))
_NEWEST = select(logins).where(_C.browser == bindparam("owner")).order_by(_C.created_at.desc(), _C.id).limit(1)
_BY_STATE = select(logins).where(_C.state == bindparam("hash"))
_BY_ID = select(logins).where(_C.id == bindparam("login"))
_SEND_ON = (
    update(logins)
    .where(_C.id == bindparam("login"), _C.stage != Stage.CLOSED.value, _C.expires_at > bindparam("now"))
    .values(stage=Stage.WAITING.value)
)
_SEND_OUT = _SEND_ON.values(assertion=None)
_TAKE_ANSWER = (
    update(logins)
    .where(
        _C.id == bindparam("login"),
        _C.state == bindparam("hash"),
        _C.stage == Stage.WAITING.value,
        _C.expires_at > bindparam("now"),
    )
    .values(stage=Stage.OPEN.value, **_ANSWERED)
)
_REOPEN = (
    update(logins)
    .where(_C.id == bindparam("login"), _C.stage == Stage.WAITING.value)
    .values(stage=Stage.OPEN.value, **_FORGET_REQUEST)
)
_CLOSE = (
    update(logins)
    .where(_C.id == bindparam("login"), _C.stage == Stage.OPEN.value, _C.expires_at > bindparam("now"))
    .values(stage=Stage.CLOSED.value, assertion=None, task=None, **_ANSWERED)
)
_SET_TASK = (
    update(logins)
    .where(_C.id == bindparam("login"), _C.stage == Stage.OPEN.value, _C.task.is_(None))
    .values(task=bindparam("new_task"))
)
_TAKE_TASK = (
    update(logins)
    .where(_C.id == bindparam("login"), _C.stage == Stage.OPEN.value, _C.task == bindparam("held"))
    .values(task=None)
)
_P = parked.c
_PARK = for_both(
    parked,
    lambda row: row.on_conflict_do_update(
        index_elements=["login_id"], set_={name: row.excluded[name] for name in ("handle", "partner", "content", "expires_at")}
    ),
)
_CLAIM = (
    delete(parked)
    .where(_P.handle == bindparam("held"), _P.login_id == bindparam("login"), _P.expires_at > bindparam("now"))
    .returning(_P.content)
)
_PARKED_LOGIN = select(_P.login_id).where(_P.handle == bindparam("held"))


@cache  # a handful of sets of columns
def _change(*columns: str) -> Update:
    changed: dict[Any, Any] = {_C[name]: bindparam(f"new_{name}") for name in columns}
    return update(logins).where(_C.id == bindparam("login"), _C.stage == Stage.OPEN.value).values(changed)


def _login(row: Row[Any]) -> Login:
    m = row._mapping
    return Login(
        **{name: m[name] for name in _PLAIN},
        purpose=LoginPurpose(m["purpose"]),
        stage=Stage(m["stage"]),
        request=AuthorizationRequest.from_json(m["request"]) if m["request"] else None,
        assertion=Assertion.from_json(m["assertion"]) if m["assertion"] else None,
        proofs=tuple(Proof.from_json(proof) for proof in m["proofs"]),
        sign_up=SignUp.from_json(m["sign_up"]) if m["sign_up"] else None,
        progress=LoginProgress.from_json(m["progress"]),
        trail=tuple(m["trail"]),
    )


def add(tx: Connection, login: Login, *, browser: str, address: str) -> None:
    """Insert a login of the browser whose cookie has the hash `browser`."""
    row = {name: getattr(login, name) for name in _PLAIN} | {
        "purpose": login.purpose.value,
        "stage": login.stage.value,
        "request": login.request.to_json() if login.request else None,
        "assertion": login.assertion.to_json() if login.assertion else None,
        "proofs": [proof.to_json() for proof in login.proofs],
        "sign_up": login.sign_up.to_json() if login.sign_up else None,
        "progress": login.progress.to_json(),
        "trail": list(login.trail),
        "browser": browser,
        "address": address,
    }
    tx.execute(_ADD, row)


def keep_newest(tx: Connection, browser: str) -> int:
    """Close all but the newest live logins of a browser, so that one more makes twenty (HW-13)."""
    return tx.execute(_KEEP_NEWEST, {"owner": browser}).rowcount


def of_browser(tx: Connection, login_id: str, browser: str) -> Login | None:
    """A login by its id, only for the browser that began it."""
    row = tx.execute(_OF_BROWSER, {"login": login_id, "owner": browser}).first()
    return _login(row) if row else None


def newest_of(tx: Connection, browser: str) -> Login | None:
    """What this browser began last, whatever became of it."""
    row = tx.execute(_NEWEST, {"owner": browser}).first()
    return _login(row) if row else None


def by_state(tx: Connection, state: str) -> tuple[Login, str] | None:
    """The login whose newest upstream request has this state's hash, answered or not (its stage says so), and its browser's hash."""
    row = tx.execute(_BY_STATE, {"hash": state}).first()
    return (_login(row), str(row._mapping["browser"])) if row else None


def by_id(tx: Connection, login_id: str) -> Login | None:
    """A login by its id alone: for what our own background work does."""
    row = tx.execute(_BY_ID, {"login": login_id}).first()
    return _login(row) if row else None


def change(tx: Connection, login: Login, **values: Any) -> bool:
    """Set columns of an open login; False if it is not open any more (a second tab was faster)."""
    new = {f"new_{name}": value for name, value in values.items()}
    return tx.execute(_change(*values), {"login": login.id, **new}).rowcount == 1


def send_out(
    tx: Connection,
    login: Login,
    *,
    state: str,
    memory: str,
    partner: str,
    trail: list[Any],
    now: int,
    step_up: bool = False,
    more: bool = False,
    fresh: bool = False,
) -> bool:
    """Note the request that goes to the identity provider; an earlier one of this login is forgotten.

    step_up: it asks for more proof. more: only for that, so the assertion in hand stays valid without it. fresh: it asks for a
    fresh sign-in.
    """
    values: dict[str, Any] = {
        "state": state,
        "memory": memory,
        "partner": partner,
        "progress": login.progress.sent(now, fresh=fresh).to_json(),
        "trail": trail,
        "step_up_asked": login.step_up_asked or step_up,
    }
    values["fresh_within"] = login.fresh_within
    return tx.execute(_SEND_ON if more else _SEND_OUT, {"login": login.id, "now": now, **values}).rowcount == 1


def set_task(tx: Connection, login: Login, task: str) -> bool:
    """What a factor is going to be added or asked with; False if there is something already, or the login is over."""
    return tx.execute(_SET_TASK, {"login": login.id, "new_task": task}).rowcount == 1


def take_task(tx: Connection, login: Login) -> bool:
    """Use up what a factor was being added or asked with: once, the first request wins (HT-3)."""
    return tx.execute(_TAKE_TASK, {"login": login.id, "held": login.task}).rowcount == 1


def take_answer(tx: Connection, login: Login, state: str, now: int, **values: Any) -> bool:
    """The answer arrived: from WAITING to OPEN by one conditional UPDATE, so a code is redeemed at most once (HO-10).

    values: columns that are set with it.
    """
    return tx.execute(_TAKE_ANSWER, {"login": login.id, "hash": state, "now": now, **values}).rowcount == 1


def reopen(tx: Connection, login: Login) -> None:
    """The person came back from the identity provider by himself (Back): the request that is out is forgotten."""
    tx.execute(_REOPEN, {"login": login.id})


def close(tx: Connection, login: Login, now: int) -> bool:
    """End an open login; False if somebody did already: one login gives one answer."""
    return tx.execute(_CLOSE, {"login": login.id, "now": now}).rowcount == 1


@dataclass(frozen=True, slots=True)
class Expired:
    """A login whose time is over. explained: there is a receipt of it."""

    login: Login
    address: str
    explained: bool


def expired(tx: Connection, after: tuple[int, str], now: int, limit: int = BATCH) -> list[Expired]:
    """Logins whose time is over by now, in the order of their ends, behind (end, id)."""
    c = logins.c
    explained = exists().where(receipts.c.id == c.id)
    later = (c.expires_at >= after[0]) & or_(c.expires_at > after[0], c.id > after[1])
    statement = select(logins, explained.label("explained")).where(later, c.expires_at <= now).order_by(c.expires_at, c.id)
    rows = tx.execute(statement.limit(limit)).all()
    return [Expired(_login(row), row._mapping["address"], bool(row._mapping["explained"])) for row in rows]


def sent_out(tx: Connection, partner: str, now: int, limit: int = BATCH) -> list[int]:
    """When the people were sent to this partner who may still come back."""
    c = logins.c
    statement = select(c.progress).where(c.expires_at > now, c.stage == Stage.WAITING.value, c.partner == partner)
    rows = tx.execute(statement.order_by(c.expires_at.desc()).limit(limit)).scalars()
    times = [LoginProgress.from_json(row).sent_at for row in rows]
    return [at for at in times if at is not None]


def forget_assertions(tx: Connection, ids: list[str]) -> None:
    """What a partner said in a login that is over is needed by nobody (HT-13)."""
    tx.execute(update(logins).where(logins.c.id.in_(ids)).values(assertion=null()))


def end_of_newest(tx: Connection, number: int) -> int:
    """The end of the login that is followed by so many later ones; 0 if there are fewer."""
    statement = select(logins.c.expires_at).order_by(logins.c.expires_at.desc()).offset(number).limit(1)
    return int(tx.execute(statement).scalar_one_or_none() or 0)


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete logins that were over before a time, and what was parked for them."""
    return delete_some(tx, logins, logins.c.expires_at < before, logins.c.expires_at, limit)


def purge_parked(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete what was parked and not claimed before a time."""
    return delete_some(tx, parked, parked.c.expires_at < before, parked.c.expires_at, limit)


def park(tx: Connection, *, handle: str, login_id: str, partner: str, content: str, expires_at: int) -> None:
    """Keep what a cross-site POST brought, one row a login (FA-12); the login is not touched (HW-4)."""
    row = {"handle": handle, "login_id": login_id, "partner": partner, "content": content, "expires_at": expires_at}
    run(tx, _PARK, row)


def claim(tx: Connection, handle: str, login_id: str, now: int) -> str | None:
    """Take parked content once."""
    row = tx.execute(_CLAIM, {"held": handle, "login": login_id, "now": now}).first()
    return str(row[0]) if row else None


def parked_login(tx: Connection, handle: str) -> str | None:
    """The login that a parked row belongs to."""
    row = tx.execute(_PARKED_LOGIN, {"held": handle}).first()
    return str(row[0]) if row else None
