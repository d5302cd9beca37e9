"""The build of the wheel compiles the message catalogues; pyproject.toml says everything else."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildPy(build_py):
    """Compiles the catalogues beside the copied sources."""

    def run(self) -> None:
        """Copy the packages, then compile."""
        super().run()
        if not self.editable_mode:  # an editable installation uses the folder itself, which scripts/catalogues.py keeps
            catalogues = run_path("broker/web/catalogues.py")
            catalogues["compile_all"](Path(self.build_lib) / "broker" / "web" / "translations")


setup(cmdclass={"build_py": BuildPy})
