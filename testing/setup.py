"""Builds guest-broker-testing: the folders `demo` and `testing` of the broker, which the wheel of the broker leaves out."""

from __future__ import annotations

from runpy import run_path

from setuptools import find_packages, setup

VERSION = run_path("../broker/__init__.py")["__version__"]

setup(
    version=VERSION,
    packages=find_packages("..", include=("broker.demo*", "broker.testing*")),
    package_dir={"broker": "../broker"},
    install_requires=[f"guest-broker=={VERSION}", "pytest>=9", "playwright>=1.52"],
)
