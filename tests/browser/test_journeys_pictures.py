"""Every page of the broker that the journeys meet, as pictures for people to look at: build/browser/journeys/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from broker.demo.relying import RelyingParty
from tests.browser.stage import BOARD, FITS, Stage, arrives, name_of, press, walk
from tests.browser.test_gallery import LOOKS, SIZES

OpenContext = Callable[..., BrowserContext]


@dataclass(slots=True)
class Camera:
    """Takes the pictures of one language: en and nl in all four looks, the others as a phone shows them by day."""

    folder: Path
    language: str

    def take(self, page: Page, name: str) -> None:
        """The page as it stands. name: of the file."""
        page.wait_for_load_state()
        assert page.get_attribute("html", "lang") == self.language, name
        for size, scheme in LOOKS if self.language in ("en", "nl") else LOOKS[:1]:
            page.set_viewport_size(SIZES[size])
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(FITS), name
            page.screenshot(path=self.folder / f"{name}.{self.language}.{size}.{scheme}.png", full_page=True)
        page.set_viewport_size(SIZES["phone"])


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr"])
def test_pictures_of_the_journeys(open_context: OpenContext, stage: Stage, journeys: Path, language: str) -> None:
    """From the invitation to the way out, with the wrong turns; each page in the person's language, none wider than the screen."""
    camera = Camera(journeys, language)
    guest, stranger = stage.person("Gerda Guest"), stage.person("Bert Stranger")
    link = stage.invite(guest, "--message", "Hallo Gerda,\nsee you on Monday!", "--language", language)
    page = open_context(locale=language, viewport=SIZES["phone"]).new_page()
    page.goto(link)
    camera.take(page, "01-invitation")
    walk(page, stranger, stop="email-code")
    press(page, "form[action$='/code/decline'] button")
    camera.take(page, "02-invitation-mismatch")
    press(page, "[data-primary]")
    walk(page, guest, stop="review-permissions")
    camera.take(page, "03-review-permissions")
    walk(page, guest)
    page.goto(link)
    camera.take(page, "04-invitation-used")
    page.goto(stage.travel)
    camera.take(page, "05-review-permissions-travel")
    walk(page, guest)
    page.goto(stage.url + "/apps")
    camera.take(page, "06-apps")
    page.goto(RelyingParty(stage.url, BOARD, f"{stage.cast.at.travel}/callback", scope="openid").begin()[0])
    camera.take(page, "07-not-assigned")
    page.goto(stage.url + "/logout")
    camera.take(page, "08-sign-out")
    press(page, "[data-primary]")
    camera.take(page, "09-signed-out")
    page = open_context(locale=language, viewport=SIZES["phone"]).new_page()  # nobody is signed in anywhere
    _wrong_turns(page, camera, stage, stranger.email, f"button[value='{stranger.subject}']")


def _wrong_turns(page: Page, camera: Camera, stage: Stage, email: str, button: str) -> None:
    """What goes wrong on the way in from the application."""
    page.goto(stage.payroll)
    camera.take(page, "10-home-organization")
    page.fill("#email", "gerda@")
    press(page, "[data-primary]")
    camera.take(page, "11-home-organization-error")
    page.fill("#email", "gerda@nowhere.example")
    press(page, "[data-primary]")
    camera.take(page, "12-email-code")
    press(page, "a[href$='/choose']")
    camera.take(page, "12-choose-partner-unknown")
    for number, query in ((13, "fabri"), (14, "zzz")):
        page.fill("#q", query)
        with page.expect_navigation():
            page.press("#q", "Enter")
        camera.take(page, f"{number}-choose-partner-{query}")
    page.goto(stage.payroll)
    page.fill("#email", email)
    press(page, "[data-primary]")
    with stage.fault("wrong_audience"):
        press(page, button)
        camera.take(page, "15-partner-untrusted")
    page.reload()
    camera.take(page, "16-login-expired")
    press(page, "[data-primary]")
    if name_of(page) == "partner-login":
        press(page, button)
    arrives(page, "error")
    camera.take(page, "17-not-invited")
    page.goto(f"{stage.url}/invitation/{'y' * 43}")
    camera.take(page, "18-invitation-expired")
    page.goto(f"{stage.url}/invitation/short")
    camera.take(page, "19-invitation-not-found")
    page.goto(stage.url + "/nowhere")
    camera.take(page, "20-not-found")
