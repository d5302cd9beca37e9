"""Each module of the suite has its test of ours: those that stand elsewhere are there, and the missing ones are here, by the module's name."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.protocol.conformance.modules import MODULES
from tests.protocol.stage import Stage, oauth_error, sent_to

TESTS = Path(__file__).resolve().parents[2]
BYE = "https://payroll.contoso.example/bye"


def test_each_module_has_its_test() -> None:
    """A test that is renamed or removed takes its line of the table along."""
    known: dict[str, set[str]] = {}
    for module, name in MODULES.items():
        file, _, function = name.partition("::")
        if file not in known:
            tree = ast.parse((TESTS / file).read_text())
            known[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in known[file], module


def test_ensure_other_scope_order_succeeds(calm: Stage) -> None:
    """oidcc-ensure-other-scope-order-succeeds: openid need not come first (Core 3.1.2.1)."""
    who = calm.person()
    assert "code" in calm.silent(who, scope="email openid")[1]


def test_codereuse_30seconds(stage: Stage) -> None:
    """oidcc-codereuse-30seconds: also half a minute later a used code ends what was issued for it (RFC 6749 4.1.2)."""
    _, code = stage.grant()
    token = stage.exchange(code).get_json()["access_token"]
    assert stage.userinfo(token).status_code == 200
    stage.clock.advance(30)
    assert oauth_error(stage.exchange(code)) == (400, "invalid_grant")
    assert stage.userinfo(token).status_code == 401


def test_rp_initiated_logout_no_state(calm: Stage) -> None:
    """oidcc-rp-initiated-logout-no-state: back to the application, and no state is made up (RP-Initiated Logout 3)."""
    who = calm.person()
    query = {"id_token_hint": calm.tokens(who)["id_token"], "post_logout_redirect_uri": BYE}
    assert sent_to(calm.get("/logout", query, headers=calm.cookie(who))) == (BYE, {})


def test_rp_initiated_logout_only_state(calm: Stage) -> None:
    """oidcc-rp-initiated-logout-only-state: nothing says where to go back to, so a page asks (RP-Initiated Logout 2)."""
    who = calm.person()
    calm.tokens(who)
    answer = calm.get("/logout", {"state": "s-1"}, headers=calm.cookie(who))
    assert 'data-page="sign-out"' in answer.text
    assert "Location" not in answer.headers


def test_par_attempt_invalid_http_method(calm: Stage) -> None:
    """fapi2-security-profile-final-par-attempt-invalid-http-method: pushes are POSTs (RFC 9126 2)."""
    for method in ("get", "put", "delete", "patch"):
        assert getattr(calm.web, method)("/par", base_url="https://login.contoso.example").status_code == 405
