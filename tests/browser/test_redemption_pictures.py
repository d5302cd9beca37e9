"""Redemption as a guest sees it on a phone, and his sponsor and mailbox beside it: pictures in four languages, build/browser/redemption/."""

from __future__ import annotations

import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.stage import AXE, FITS, Stage, examine, name_of, press, walk
from tests.browser.test_gallery import SIZES

OpenContext = Callable[..., BrowserContext]
BOSS = "bob@contoso.example"
READABLE = """
axe.run(document, {runOnly: {type: 'rule', values: ['color-contrast', 'image-alt', 'link-name', 'document-title']}})
.then(found => found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html).join()))
"""  # a mail is no page: it has no landmarks


@pytest.fixture(scope="module")
def album(pictures: Path) -> Path:
    """Where these pictures go."""
    folder = pictures / "redemption"
    folder.mkdir(exist_ok=True)
    return folder


def mail_to(stage: Stage, address: str, having: str) -> EmailMessage:
    """The newest mail to an address with a word in its text; the servers need some seconds to send it."""
    patience = time.monotonic() + 30
    while time.monotonic() < patience:
        files = sorted((stage.cast.home / "var" / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in files:
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if mail["To"] == address and having in text_of(mail):
                return mail
        time.sleep(0.3)
    raise AssertionError(f"no mail to {address} with {having}")


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """One part of a mail."""
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def link_in(mail: EmailMessage, path: str) -> str:
    """The link of a mail."""
    return next(word for word in text_of(mail).split() if path in word)


def shoot(page: Page, album: Path, name: str, language: str) -> None:
    """A page of the broker as it stands, examined."""
    page.wait_for_load_state()
    assert page.get_attribute("html", "lang") == language, name
    examine(page)
    page.screenshot(path=album / f"{name}.{language}.png", full_page=True)


def shoot_mail(page: Page, album: Path, name: str, language: str, mail: EmailMessage) -> None:
    """A mail's HTML as a program on a phone shows it, images off, in both schemes."""
    page.set_content(text_of(mail, "html"))
    assert page.get_attribute("html", "lang") == language, name
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=album / f"{name}.{language}.{scheme}.png", full_page=True)
        assert page.evaluate(FITS), name
        if scheme == "light":  # axe-core takes a dark canvas for a white one
            assert page.evaluate(READABLE) == [], name
    (album / f"{name}.{language}.txt").write_text(f"Subject: {mail['Subject']}\n\n{text_of(mail)}", "utf-8")


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr"])
def test_redemption_on_a_phone(open_context: OpenContext, stage: Stage, album: Path, language: str) -> None:
    """The wrong person, the sponsor's answer, the right one, the used link, the fresh mail, moving day: every page and mail."""
    guest, stranger = stage.person("Gerda Guest"), stage.person("Bert Stranger")
    words = ("--message", "Hallo Gerda,\nsee you on Monday!", "--language", language, "--sponsor", BOSS)
    invited = stage.cast.broker.ask("invite", guest.email, "--name", guest.name, "--application", "payroll", *words)
    phone = open_context(locale=language, viewport=SIZES["phone"])
    paper = phone.new_page()
    shoot_mail(paper, album, "01-mail-invitation", language, mail_to(stage, guest.email, "/invitation/"))
    page = phone.new_page()
    page.goto(invited["redeem_url"])
    shoot(page, album, "02-invitation", language)
    walk(page, stranger, stop="email-code")
    shoot(page, album, "03-email-code", language)
    press(page, "form[action$='/code/decline'] button")
    assert page.get_attribute("main", "data-error") == "invitation_mismatch"
    shoot(page, album, "03-invitation-mismatch", language)
    _sponsor(open_context, stage, album, language, guest.email)
    press(page, "[data-primary]")
    walk(page, guest, stop="review-permissions")
    shoot(page, album, "06-review-permissions", language)
    walk(page, guest)
    page.goto(invited["redeem_url"])
    assert page.get_attribute("main", "data-error") == "invitation_used"
    shoot(page, album, "07-invitation-used", language)
    press(page, "form[action$='/invitation/fresh'] button")
    assert name_of(page) == "fresh-link"
    shoot(page, album, "08-fresh-link", language)
    stage.cast.broker.ask("guests", "reset", guest.email, "--invite", "--message", "See you again!")
    moved = mail_to(stage, guest.email, "See you again!")
    shoot_mail(paper, album, "09-mail-move", language, moved)
    page.goto(link_in(moved, "/invitation/"))
    walk(page, guest, stop="review-permissions")
    shoot(page, album, "10-review-permissions-moved", language)
    press(page, "[data-primary]")
    page.goto(f"{stage.url}/invitation/{'y' * 43}")
    shoot(page, album, "11-invitation-expired", language)


def _sponsor(open_context: OpenContext, stage: Stage, album: Path, language: str, guest: str) -> None:
    """The sponsor's mail is in the company's first language; the page is in the browser's."""
    mail = mail_to(stage, BOSS, guest)
    page = open_context(locale=language, viewport=SIZES["phone"]).new_page()
    if language == "en":
        shoot_mail(page, album, "04-mail-mismatch", language, mail)
    page.goto(link_in(mail, "/question/"))
    shoot(page, album, "04-question", language)
    press(page, "[data-primary]")
    assert name_of(page) == "question-answered"
    shoot(page, album, "05-question-answered", language)
