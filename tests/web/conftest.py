"""The gallery's pages, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.settings.load import Settings
from tests.browser.gallery import create_gallery, make_home

ISSUER = "http://localhost"  # where Flask's test client is


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Contoso with one partner and one application, each with a logo."""
    return make_home(tmp_path, ISSUER)


@pytest.fixture
def app(settings: Settings) -> Flask:
    """The gallery."""
    return create_gallery(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser at the issuer."""
    return app.test_client()
