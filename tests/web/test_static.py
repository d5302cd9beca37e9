"""Assets: hashed names, packed once, images that run nothing, and the company's look."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from broker.settings.load import Settings
from broker.web import brand
from broker.web.static import Assets
from tests.browser.gallery import create_gallery
from tests.web.markup import read


def test_stylesheet_is_one_and_kept(client: FlaskClient, settings: Settings) -> None:
    """Bootstrap, our theme and the company's accent in one answer, under a name with its hash, for a year."""
    address = read(client.get("/home").text).one("link", rel="stylesheet")["href"]
    assert address == Assets(lambda: settings).stylesheet()
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    plain = client.get(address)
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert b"Bootstrap" in plain.data
    assert b"--accent:rgb(29,95,168)" in plain.data
    assert b"sourceMappingURL" not in plain.data
    assert b"url(http" not in plain.data
    assert len(packed.data) + len(gzip.compress(client.get("/consent-invited").data)) < 60_000


def test_other_version_is_served_but_not_kept(client: FlaskClient) -> None:
    """During an update a page of one node asks another node for its own stylesheet."""
    answer = client.get("/static/style.0000000000.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "style.css", "theme.0.css", "page.0.svg", "other.0.js", "company.0.png", "company.0.css", "application-none.0.svg",
        "partner-none.0.svg", "partner-..%2F..%2Fbroker.0.svg", "../pages.py", "x", "nothing.0.svg", "..%2f..%2fkeys.0.svg",
    ],
)  # fmt: skip
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    """Only what pages link to."""
    answer = client.get(f"/static/{path}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["company", "application-payroll", "partner-fabrikam"])
def test_image_runs_nothing(client: FlaskClient, settings: Settings, name: str) -> None:
    """AZ-19: an SVG with a script, opened by itself, is closed in by its own policy."""
    assets = Assets(lambda: settings)
    address = {
        "company": assets.company_logo(),
        "application-payroll": assets.application_logo("payroll"),
        "partner-fabrikam": assets.partner_logo("fabrikam"),
    }[name]
    assert address is not None
    answer = client.get(address)
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_image_that_is_none(settings: Settings) -> None:
    """AZ-19: too large, of another kind, out of the home or gone: no image, and no error."""
    assets, logo = Assets(lambda: settings), settings.home / "config/brand/logo.svg"
    assert assets.company_logo() is not None
    logo.write_bytes(b"x" * (256 * 1024 + 1))
    assert assets.company_logo() is None
    logo.unlink()
    assert assets.company_logo() is None
    outside = settings.home.parent / "outside.svg"
    outside.write_text("<svg/>")
    logo.symlink_to(outside)
    assert assets.company_logo() is None
    assert assets.application_logo("none") is None
    (settings.home / "config/brand/logo.png").write_bytes(b"\x89PNG")
    found = assets.company_logo()
    assert found is not None
    assert found.endswith(".png")
    answer = create_gallery(settings).test_client().get(found, headers={"Accept-Encoding": "gzip"})
    assert (answer.data, answer.mimetype) == (b"\x89PNG", "image/png")
    assert "Content-Encoding" not in answer.headers


def test_changed_file_has_a_new_name(settings: Settings) -> None:
    """A new logo or accent shows at once, without a restart."""
    assets, logo = Assets(lambda: settings), settings.home / "config/brand/logo.svg"
    before, style = assets.company_logo(), assets.stylesheet()
    logo.write_text("<svg/>")
    os.utime(logo, ns=(1, 1))
    (settings.home / brand.THEME).write_text(":root { --brand-accent: #0a7; }")
    assert assets.company_logo() != before
    assert assets.stylesheet() != style


@pytest.mark.parametrize("colour", ["#ffff00", "#ffffff", "#000000", "#0a7", "#777777", "#1d5fa8", "#ff0000"])
def test_accent_is_always_readable(tmp_path: Path, colour: str) -> None:
    """WCAG 1.4.3: whatever colour a company has, text in it and on it has a contrast of 4.5 in both schemes, on sunken surfaces too."""
    found = brand._colour(colour)
    assert found is not None
    for surface, sunken, wanted in (
        (brand.LIGHT_SURFACE, (0xEC, 0xEF, 0xF3), 5.5),
        (brand.DARK_SURFACE, (0x24, 0x28, 0x2F), 7.0),
    ):
        accent = brand.readable(found, surface)
        assert brand.contrast(accent, surface) >= wanted
        assert brand.contrast(accent, sunken) >= 4.5
        assert max(brand.contrast(accent, text) for text in ((0, 0, 0), (255, 255, 255))) >= 4.5
    (tmp_path / "config/brand").mkdir(parents=True)
    (tmp_path / brand.THEME).write_text(f":root {{ --brand-accent: {colour}; --brand-radius: 0; }}")
    assert brand.stylesheet(tmp_path).startswith(":root{--accent:rgb(")


def test_colour_that_can_only_give_up() -> None:
    """On a middle grey no colour on its side is far enough: the furthest it is."""
    assert brand.readable((130, 130, 130), (150, 150, 150)) == (255, 255, 255)


def test_theme_takes_only_its_properties(tmp_path: Path) -> None:
    """Nothing but known custom properties with plain values reaches the page, and `broker check` can say so."""
    (tmp_path / "config/brand").mkdir(parents=True)
    theme = tmp_path / brand.THEME
    assert brand.problems(tmp_path) == []
    theme.write_text(
        "/* ours */ :root { --brand-accent: #0a7755; --brand-accent-dark: #5fd; --brand-radius: 4px; --brand-font: Inter, sans-serif;"
        " --brand-font: url(https://evil.example/x); --other: 1; } body { display: none }"
    )
    text = brand.stylesheet(tmp_path)
    assert "--brand-radius:4px;--brand-font:Inter, sans-serif;" in text
    assert "evil" not in text
    assert "display" not in text
    assert [line.split(":")[1].strip() for line in brand.problems(tmp_path)] == ["--brand-font", "--other"]
    theme.write_text("body { color: red }")
    assert brand.problems(tmp_path) == [f"{brand.THEME}: nothing in it is a custom property; see docs/brand.md"]
