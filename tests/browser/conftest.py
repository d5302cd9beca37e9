"""One Chromium for the run, and the gallery on a port of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from tests.browser.gallery import create_gallery, make_home
from tests.browser.stage import Stage, open_stage

PICTURES = Path(__file__).resolve().parent.parent.parent / "build" / "browser"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost",
]


def pytest_configure(config: pytest.Config) -> None:
    """The mark of what the gate leaves to `make browser`."""
    config.addinivalue_line("markers", "whole: pages and languages beyond the key pages")


@pytest.fixture(scope="session")
def chromium(guest_browser: Browser) -> Iterator[Browser]:
    """Debian's Chromium, or the one on the path, with our arguments. Its Playwright is the testing kit's: a process holds one only."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no chromium on this machine: install the package chromium")
    browser = guest_browser.browser_type.launch(executable_path=path, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gallery's address."""
    home = tmp_path_factory.mktemp("gallery")
    server = make_server("127.0.0.1", 0, create_gallery(make_home(home)), threaded=True)
    issuer = f"http://127.0.0.1:{server.server_port}"
    server.app = create_gallery(make_home(home, issuer))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield issuer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures go, for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo's cast: a broker of its own process, partners and applications on other addresses."""
    yield from open_stage(tmp_path_factory.mktemp("cast"))


@pytest.fixture(scope="session")
def journeys(pictures: Path) -> Path:
    """Where the pictures of the journeys go."""
    folder = pictures / "journeys"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles as `browser.new_context` does, English unless told, and closes them."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"locale": "en-GB", "reduced_motion": "reduce"} | options)
        context.set_default_timeout(10_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
