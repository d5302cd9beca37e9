"""OpenID Connect Front-Channel Logout 1.0: applications are loaded in frames of the page after a sign-out (HP-55)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.protocol.stage import ISSUER, Signed, Stage, sent_to
from tests.protocol.test_rp_initiated_logout import BYE, ask, confirm, is_live, page_of

OUT = {"payroll": "https://payroll.contoso.example/out", "travel": "https://travel.contoso.example/out?tenant=c"}


@pytest.fixture
def hearing(stage: Stage) -> Stage:
    """Payroll and Travel have a `frontchannel_logout_uri`; Tight has not."""
    for name, url in OUT.items():
        file = stage.home / "config" / "applications" / f"{name}.yaml"
        stage.write(f"applications/{name}.yaml", f"{file.read_text()}frontchannel_logout_uri: {url}\n")
    return stage


def frames(page: TestResponse) -> list[str]:
    """The addresses in the page's frames."""
    return [unescape(url) for url in re.findall(r'<iframe src="([^"]+)"', page.text)]


def policy(page: TestResponse) -> str:
    """What the page may load in frames."""
    parts = [part.strip() for part in page.headers["Content-Security-Policy"].split(";")]
    return next((part for part in parts if part.startswith("frame-src")), "")


def with_grants(stage: Stage, *clients: str) -> tuple[Signed, dict[str, str]]:
    """A person who signed in at these applications, and the sid that each application knows."""
    who = stage.person()
    return who, {name: stage.grant(who, name)[0].application_sid for name in clients}


def test_a_frame_for_each_application(hearing: Stage) -> None:
    """2, 3, FA-14: iss and the application's own sid are added to the address; exactly these origins; sandboxed."""
    who, sids = with_grants(hearing, "payroll", "travel", "tight")
    page = confirm(hearing, who, ask(hearing, who))
    assert page_of(page) == "signed-out"
    found = {urlsplit(url).netloc.split(".")[0]: url for url in frames(page)}
    assert {name: url.split("?")[0] for name, url in found.items()} == {name: url.split("?")[0] for name, url in OUT.items()}
    assert {name: dict(parse_qsl(urlsplit(url).query)) for name, url in found.items()} == {
        "payroll": {"iss": ISSUER, "sid": sids["payroll"]},
        "travel": {"tenant": "c", "iss": ISSUER, "sid": sids["travel"]},
    }
    assert policy(page) == "frame-src https://payroll.contoso.example https://travel.contoso.example"
    assert page.text.count('sandbox="allow-scripts allow-same-origin"') == 2


def test_the_page_says_what_ended_and_what_did_not(hearing: Stage) -> None:
    """HP-54: told applications, those that keep people signed in, and the home organization."""
    who, _ = with_grants(hearing, "payroll", "tight")
    text = confirm(hearing, who, ask(hearing, who)).text
    told = text.split("asked to sign you out too:", 1)[1].split("</ul>", 1)[0]
    kept = text.split("may keep you signed in until you sign out there:", 1)[1].split("</ul>", 1)[0]
    assert ("Payroll" in told, "Tight" in told, "Payroll" in kept, "Tight" in kept) == (True, False, False, True)
    assert "You're still signed in at Fabrikam." in text


def test_back_to_the_application_by_the_page(hearing: Stage) -> None:
    """3: the frames are loaded first; the way back is the verified address with state, by the one button."""
    who, _ = with_grants(hearing, "payroll", "travel")
    hint = hearing.tokens(who)["id_token"]
    page = ask(hearing, who, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s&1")
    assert page_of(page) == "signed-out"
    assert len(frames(page)) == 2
    (button,) = re.findall(r'href="([^"]+)" data-primary data-continue', page.text)
    assert unescape(button) == f"{BYE}?state=s%261"
    assert not is_live(hearing, who)
    assert "Fabrikam" not in page.text


def test_no_frame_no_page(hearing: Stage) -> None:
    """3: nobody in this session hears by the browser, so the redirect comes at once."""
    who, _ = with_grants(hearing, "tight")
    assert sent_to(confirm(hearing, who, ask(hearing, who, client_id="payroll", post_logout_redirect_uri=BYE))) == (BYE, {})


def test_other_pages_have_no_frames(hearing: Stage) -> None:
    """HW-7: a page without frames names no origin; without a session nothing is loaded."""
    for page in (ask(hearing, None), ask(hearing, with_grants(hearing, "payroll")[0])):
        assert (frames(page), policy(page)) == ([], "")


def test_application_without_a_file(hearing: Stage) -> None:
    """3: an application that was removed meanwhile is neither loaded nor named."""
    who, _ = with_grants(hearing, "tight")
    hearing.remove("applications/tight.yaml")
    page = confirm(hearing, who, ask(hearing, who))
    assert (frames(page), "Tight" in page.text) == ([], False)


@pytest.mark.parametrize(
    "url", ["https://evil.example/out", "http://payroll.contoso.example/out", "https://payroll.contoso.example:8443/out"]
)
def test_origin_is_of_a_redirect_uri(stage: Stage, url: str) -> None:
    """2: scheme, host and port of a registered redirect URI."""
    file = stage.home / "config" / "applications" / "payroll.yaml"
    file.write_text(f"{file.read_text()}frontchannel_logout_uri: {url}\n")
    problems = stage.broker.files.refresh()
    assert [str(one) for one in problems if "frontchannel_logout_uri" in str(one)]
