"""The gallery's pages, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.settings.load import Settings
from broker.web.pages import Pages
from tests.browser.gallery import create_gallery, make_home, samples
from tests.browser.sample import Sample

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


@pytest.fixture(scope="session")
def shown_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same, for tests that only look at pages: nobody changes it or its files."""
    return make_home(tmp_path_factory.mktemp("gallery"), ISSUER)


@pytest.fixture(scope="session")
def shown(shown_settings: Settings) -> dict[str, Sample]:
    """The samples by their names; a test that changes one copies it."""
    return samples(Pages(lambda: shown_settings))


@pytest.fixture(scope="session")
def _gallery(shown_settings: Settings) -> Flask:
    return create_gallery(shown_settings)


@pytest.fixture
def looking(_gallery: Flask) -> FlaskClient:
    """A new browser at a gallery that all these tests share."""
    return _gallery.test_client()
