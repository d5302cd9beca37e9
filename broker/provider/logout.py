"""RP-initiated logout: which application asks, which session ends, where the browser may go (HP-44, HP-54)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.domain.errors import BadRequest
from broker.domain.login import application_sid
from broker.jose.errors import JoseError
from broker.provider.application import ApplicationView
from broker.provider.id_token_hint import HintClaims
from broker.provider.parameters import MAX_BYTES, Parameters, is_printable

MAX_STATE = 512
_LOCALE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """The verified values of a request. application: named by a verified hint or client_id. redirect_uri: exactly one of its file.

    unregistered: the requested address, if the file does not contain it. sid: of a verified hint only. logout_hint is ignored: it
    names a person without proof.
    """

    application: ApplicationView | None = None
    redirect_uri: str | None = None
    state: str | None = None
    sid: str | None = None
    hinted: str | None = None
    ui_locales: tuple[str, ...] = ()
    unregistered: str = ""

    def is_about(self, session_sid: str) -> bool:
        """Whether the hint is of this session: each application has its own `sid` for it (FA-14)."""
        return self.hinted is not None and self.sid == application_sid(session_sid, self.hinted)


def read_logout(
    pairs: Sequence[tuple[str, str]],
    *,
    applications: Callable[[str], ApplicationView | None],
    hint: Callable[[str], HintClaims],
) -> LogoutRequest:
    """RP-Initiated Logout 2. An invalid hint is ignored. Raises BadRequest (size, duplicate_parameter,
    control_character, logout_client_mismatch); an error is never a redirect (section 4).
    """
    given = Parameters.of(pairs)
    if given.size > MAX_BYTES:
        raise BadRequest("size")
    if given.repeated:
        raise BadRequest("duplicate_parameter")
    values = given.values
    if not all(map(is_printable, values.values())):
        raise BadRequest("control_character")
    hinted = _hinted(values.get("id_token_hint"), hint)
    named = values.get("client_id")
    if hinted is not None and named not in (None, hinted.client_id):
        raise BadRequest("logout_client_mismatch")
    client_id = hinted.client_id if hinted else named
    application = applications(client_id) if client_id else None
    wanted, state = values.get("post_logout_redirect_uri"), values.get("state")
    is_registered = application is not None and wanted in application.post_logout_redirect_uris
    return LogoutRequest(
        application=application,
        redirect_uri=wanted if is_registered else None,
        unregistered=wanted if wanted and application is not None and not is_registered else "",
        state=state if state is not None and len(state) <= MAX_STATE else None,
        sid=hinted.sid if hinted else None,
        hinted=hinted.client_id if hinted else None,
        ui_locales=tuple(tag for tag in values.get("ui_locales", "").split(" ")[:10] if _LOCALE.fullmatch(tag)),
    )


def _hinted(token: str | None, hint: Callable[[str], HintClaims]) -> HintClaims | None:
    if token is None:
        return None
    try:
        return hint(token)
    except JoseError:
        return None
