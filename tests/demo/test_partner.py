"""The partner in a box is a correct OpenID Provider until a fault is switched on."""

from __future__ import annotations

import threading
import time
import urllib.parse
from collections.abc import Callable

import pytest

from broker.demo import partner as partner_module
from broker.demo.browser import Browser
from broker.demo.identity import MFA, SFA, IdentityProvider
from broker.demo.relying import RelyingParty, SignInFailed, call
from broker.demo.serving import free_port
from tests.demo.conftest import Pair


def test_sign_in_proves_everything(pair: Pair) -> None:
    """A whole login: the relying party's checks of Core 3.1.3.7 all hold."""
    tokens = pair.sign_in(Browser())
    assert tokens.claims["sub"] == "ada"
    assert tokens.claims["email"] == "ada@fabrikam.example"
    assert tokens.claims["acr"] == SFA
    assert tokens.claims["amr"] == ["pwd"]
    assert tokens.claims["auth_time"] == pair.clock()
    assert tokens.claims["tid"] == "fab"
    assert pair.party.userinfo(tokens) == {
        "sub": "ada", "name": "Ada Fabrik", "preferred_username": "ada@fabrikam.example", "email": "ada@fabrikam.example",
        "email_verified": True, "tid": "fab",
    }  # fmt: skip


def test_client_secret_post_and_public(pair: Pair) -> None:
    """A secret in the body, and a public client with PKCE alone."""
    post = RelyingParty(pair.partner, "application", pair.party.redirect_uri, client_secret=pair.party._secret, method="client_secret_post",
                        clock=pair.clock)  # fmt: skip
    for party in (post, pair.public):
        browser = Browser()
        url, pending = party.begin()
        assert party.complete(pair.answer(browser, url).query, pending).claims["aud"] == party.client_id


@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_algorithms(pair: Pair, alg: str) -> None:
    """Each algorithm that partners use."""
    pair.provider.alg = alg
    pair.provider.rotate_key(keep=False)
    assert pair.sign_in(Browser()).claims["sub"] == "ada"


def test_session_prompt_and_max_age(pair: Pair) -> None:
    """The second sign-in is silent; prompt=login and max_age ask again; auth_time says when (Core 3.1.2.1)."""
    browser = Browser()
    first = pair.sign_in(browser)
    pair.clock.advance(100)
    assert browser.get(pair.begin()[0], stop_at=pair.application).location is not None
    silent = pair.sign_in(browser, prompt="none")
    assert silent.claims["auth_time"] == first.claims["auth_time"]
    for params in ({"prompt": "login"}, {"max_age": "50"}, {"prompt": "select_account"}):
        assert browser.get(pair.begin(**params)[0]).name == "partner-login"
    assert pair.sign_in(browser, max_age="200").claims["auth_time"] == first.claims["auth_time"]
    assert pair.sign_in(browser, prompt="login").claims["auth_time"] == pair.clock()


def test_prompt_none_without_session(pair: Pair) -> None:
    """prompt=none answers login_required instead of a page, and so does an essential second factor."""
    browser = Browser()
    with pytest.raises(SignInFailed, match="login_required"):
        pair.sign_in(browser, prompt="none")
    pair.sign_in(browser)
    with pytest.raises(SignInFailed, match="login_required"):
        pair.sign_in(browser, prompt="none", acr_values=MFA)


def test_second_factor(pair: Pair) -> None:
    """acr_values asks for multi-factor authentication; a partner without it stays honest."""
    browser = Browser()
    assert pair.sign_in(browser).claims["acr"] == SFA
    strong = pair.sign_in(browser, acr_values=MFA)
    assert strong.claims["acr"] == MFA
    assert "mfa" in strong.claims["amr"]
    assert pair.sign_in(browser).claims["acr"] == MFA
    pair.provider.second_factor = False
    assert pair.provider.metadata()["acr_values_supported"] == [SFA]
    assert pair.sign_in(Browser(), acr_values=MFA).claims["acr"] == SFA


def test_login_hint_names_the_first_button(pair: Pair) -> None:
    """login_hint makes its person's button the primary one."""
    url, pending = pair.begin(login_hint="BO@fabrikam.example")
    browser = Browser()
    page = browser.get(url)
    assert page.primary.primary is not None
    assert page.primary.primary.value == "bo"
    tokens = pair.party.complete(browser.submit(page, stop_at=pair.application).query, pending)
    assert "email_verified" not in tokens.claims


def test_form_post(pair: Pair) -> None:
    """The answer as a form that the browser posts across sites, which carries no Lax cookie (Form Post 2)."""
    url, pending = pair.begin(response_mode="form_post")
    browser = Browser()
    page = browser.submit(browser.get(url), press="ada")
    assert page.name == "partner-return"
    done = browser.submit(page)
    assert browser.hops[0].method == "POST"
    assert browser.hops[0].sent == ()
    assert done.name == "application-error"
    assert done.document.data["data-reason"] == "state"
    assert pair.party.complete({f.name: f.value for f in page.primary.fields}, pending).claims["sub"] == "ada"


def test_cancel_and_stranger(pair: Pair) -> None:
    """Cancelling is access_denied with state and iss; a made-up person is a page."""
    url, pending = pair.begin()
    browser = Browser()
    page = browser.get(url)
    back = browser.submit(page, press="Cancel", stop_at=pair.application)
    assert back.query["state"] == pending.state
    with pytest.raises(SignInFailed, match="access_denied"):
        pair.party.complete(back.query, pending)
    stranger = browser.submit(page, {"subject": "eve"})
    assert stranger.name == "partner-error"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "e.y.J"}, "request_not_supported"),
    ],
)
def test_bad_requests_go_back(pair: Pair, change: dict[str, str], error: str) -> None:
    """What is wrong after redirect_uri is verified goes to the application (RFC 6749 4.1.2.1)."""
    url, _ = pair.begin(**change)
    page = Browser().get(url, stop_at=pair.application)
    assert page.query["error"] == error
    assert page.query["iss"] == pair.partner


@pytest.mark.parametrize("change", [{"client_id": "nobody"}, {"redirect_uri": "http://127.0.0.9/"}])
def test_bad_requests_before_redirect_uri(pair: Pair, change: dict[str, str]) -> None:
    """What is wrong before it stays on a page, without a redirect."""
    page = Browser().get(pair.begin(**change)[0])
    assert (page.name, page.status, page.location) == ("partner-error", 400, None)


def test_challenge_is_required_where_it_is_the_only_proof(pair: Pair) -> None:
    """A public client without PKCE is refused; so is any where the partner requires it (RFC 9700 2.1.1)."""
    query = {"client_id": "public", "redirect_uri": pair.party.redirect_uri, "response_type": "code", "scope": "openid"}
    page = Browser().get(f"{pair.partner}/authorize?{urllib.parse.urlencode(query)}", stop_at=pair.application)
    assert page.query["error"] == "invalid_request"
    assert "state" not in page.query


def test_home_and_sign_out(pair: Pair) -> None:
    """The partner's own page knows who is signed in in this browser, until they sign out."""
    browser = Browser()
    pair.sign_in(browser)
    page = browser.get(f"{pair.partner}/")
    assert "browser: Ada Fabrik" in page.document.text
    assert "browser: nobody" in browser.submit(page, press="Sign out here").document.text


def answers(issuer: str) -> bool:
    """Whether discovery can be had."""
    try:
        return call("GET", f"{issuer}/.well-known/openid-configuration")[0] == 200
    except SignInFailed:
        return False


def wait_for(holds: Callable[[], bool]) -> None:
    """Ask until it holds, for ten seconds at the most."""
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_start_alone(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m broker.demo.partner` serves its people to a client named on the command line."""
    people = tmp_path / "people.json"
    people.write_text('[{"subject": "1", "name": "Eve", "email": "eve@example.org"}]', "utf-8")
    stop, port = threading.Event(), free_port("127.0.0.2")
    bind, client = f"127.0.0.2:{port}", "app::http://127.0.0.5/cb"
    argv = ["--bind", bind, "--client", client, "--people", str(people), "--alg", "EdDSA", "--lean"]
    runner = threading.Thread(target=partner_module.main, args=(argv,), kwargs={"until": stop})
    runner.start()
    issuer = f"http://127.0.0.2:{port}"
    try:
        wait_for(lambda: answers(issuer))
        party = RelyingParty(issuer, "app", "http://127.0.0.5/cb")
        url, pending = party.begin()
        browser = Browser()
        answer = browser.submit(browser.get(url), press="Eve", stop_at="http://127.0.0.5/cb")
        tokens = party.complete(answer.query, pending)
        assert party.userinfo(tokens)["email"] == "eve@example.org"
    finally:
        stop.set()
        runner.join(5)
    assert f"issuer {issuer}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [["--client", "app"], ["--client", "a:b:http://x/", "--people", "/nowhere.json"], ["--client", "a:b:ftp://x/"]]
)
def test_arguments_that_make_no_sense(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, exit status 2."""
    assert partner_module.main([*argv, "--bind", "127.0.0.2:0"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_add_client() -> None:
    """A relying party can be registered while the partner runs."""
    provider = IdentityProvider("http://127.0.0.2", name="F", accounts=[], clients=[], alg="EdDSA")
    provider.add_client(partner_module._client("app:s:https://app.example/cb"))
    assert provider._clients["app"].client_secret == "s"
