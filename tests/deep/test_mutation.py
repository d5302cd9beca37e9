"""Every mutant of the modules that decide: a test notices it, or docs/mutation.md says why none has to.

`MUTATION` names suites or modules (`MUTATION="gate signature"`), `MUTATION_JOBS` how many live at once; the default is every
suite.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.deep.mutation import ROOT, SUITES, listed

ASKED = os.environ.get("MUTATION", "").split() or list(SUITES)


@pytest.mark.parametrize("what", ASKED)
def test_no_mutant_survives_unlisted(what: str) -> None:
    """HS-4 to HS-30: no check can be weakened by a small change without a test failing."""
    command = [sys.executable, "-m", "tests.deep.mutation", what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "mutants of" in done.stdout


def test_the_list_names_modules_of_a_suite() -> None:
    """What docs/mutation.md lists is of a module that is looked at."""
    known = {module for suite in SUITES.values() for module in suite.modules}
    assert listed(sorted(known))
    every = {
        line.split(" ", 1)[0] for line in (ROOT / "docs" / "mutation.md").read_text().splitlines() if line.startswith("broker/")
    }
    assert every <= known
