"""The image's recipe, read: unprivileged, read-only, healthy. tests/deep/test_image.py executes its lines."""

from __future__ import annotations

import json
import shlex

import yaml

from tests.house.dockerfile import parse
from tests.house.source import ROOT

STAGES = parse(ROOT / "Dockerfile")
IMAGE = STAGES[-1]


def test_several_stages_and_slim_bases():
    """What builds is not what runs."""
    assert len(STAGES) == 2
    assert {stage.base for stage in STAGES} == {"python:3.13-slim"}


def test_runs_as_an_unprivileged_user_with_a_number():
    """A number, so that an orchestrator can see that it is not root; no shell."""
    (user,) = IMAGE.all("USER")
    (useradd,) = [run for run in IMAGE.all("RUN") if run.text.startswith("useradd")]
    words = shlex.split(useradd.text)
    assert words[words.index("--uid") + 1] == user.text
    assert int(user.text) >= 10_000
    assert words[words.index("--shell") + 1] == "/usr/sbin/nologin"


def test_state_is_in_one_volume():
    """The root filesystem may be read-only: home, volume and working folder are one."""
    environment = dict(pair.split("=", 1) for pair in shlex.split(IMAGE.all("ENV")[0].text))
    assert IMAGE.all("VOLUME")[0].text == IMAGE.all("WORKDIR")[0].text == environment["BROKER_HOME"] == "/home/broker"
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_health_check_asks_the_port_that_is_served():
    """By Python, which is there; curl is not."""
    (check,) = IMAGE.all("HEALTHCHECK")
    command = json.loads(check.text[check.text.index("[") :])
    assert command[0] == "python"
    assert "http://127.0.0.1:8080/healthz" in command[2]
    assert IMAGE.all("EXPOSE")[0].text == "8080"
    assert IMAGE.all("CMD")[0].words() == ["serve", "--bind", "0.0.0.0:8080"]


def test_installs_by_hash():
    """The same lock file as `make install`, with the same flags: no package is resolved, and a lock that lacks one is reported."""
    (pip,) = [run.text for run in STAGES[0].all("RUN") if "pip install" in run.text]
    assert "--requirement /build/run.txt" in pip
    (line,) = [
        line for line in (ROOT / "scripts" / "install").read_text().splitlines() if line.startswith('"${pip[@]}" install ')
    ]
    flags = line.removeprefix('"${pip[@]}" install ').split(" --requirement ")[0]
    assert flags == "--no-deps --require-hashes --only-binary :all:"
    assert flags in pip
    assert [run.text.split(" -m ")[1] for run in STAGES[0].all("RUN") if "pip" in run.text][1:] == ["pip check"]


def test_context_holds_what_is_copied_and_no_key():
    """.dockerignore lets in only what COPY names."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for stage in STAGES for copy in stage.all("COPY") if not copy.option("from") for word in copy.words()[:-1]}
    assert allowed == copied
    assert all((ROOT / path).exists() for path in copied)


def test_no_fake_partner_is_in_the_image():
    """The demo's partners, whose faults are attacks, stay in the checkout; catalogues are compiled in the image."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    for folder in ("demo", "testing"):
        assert lines.index(f"broker/{folder}") > lines.index("!broker")  # the last line that matches counts
        assert (ROOT / "broker" / folder).is_dir()
    assert any("compile_all()" in run.text for run in STAGES[0].all("RUN"))


def test_compose_file_is_two_nodes_a_database_and_a_proxy():
    """Documentation, but it parses; only the proxy is reachable, nodes are read-only and without capabilities."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"node-1", "node-2", "database", "proxy"}
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    for name in ("node-1", "node-2"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
