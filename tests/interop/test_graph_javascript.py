"""Microsoft's own SDK for JavaScript manages guests here: the steps of graph_client.mjs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.interop.graph_https import SECRET, graph_over_https
from tests.interop.stage import HERE

LANDING = "https://app.host.example/"


def test_the_sdk_of_graph_for_javascript(tmp_path: Path, node: str) -> None:
    """Invitations, users with pages, a change, a group with a member, $batch, and an error."""
    with graph_over_https(tmp_path, "127.0.0.6", landing=LANDING) as site:
        environment = {
            **os.environ,
            "BASE_URL": site.issuer,
            "CLIENT_ID": "robot",
            "CLIENT_SECRET": SECRET,
            "REDIRECT_URL": LANDING,
            "NODE_EXTRA_CA_CERTS": str(site.authority),
        }
        line = [node, str(HERE / "graph_client.mjs")]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout == "done\n", f"{done.stdout}\n{done.stderr[-3000:]}"
