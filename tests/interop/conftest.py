"""Peers that nobody here wrote, installed once by npm from the lock file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.installed import node_packages
from tests.interop.stage import HERE


def pytest_configure(config: pytest.Config) -> None:
    """The folder's own mark."""
    config.addinivalue_line("markers", "interop: needs software that nobody here wrote (npm, Debian)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `interop`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def node() -> str:
    """The node program, with the packages of package-lock.json beside it."""
    return node_packages(HERE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs and homes of one module."""
    return tmp_path_factory.mktemp("interop")
