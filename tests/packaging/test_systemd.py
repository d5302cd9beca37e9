"""deploy/systemd, read: no privilege, nothing writable but the state, and a stop that lets requests finish."""

from __future__ import annotations

from configparser import ConfigParser

from tests.house.source import ROOT

UNIT = ROOT / "deploy/systemd/guest-broker.service"


class _Unit(ConfigParser):
    """A unit file: names keep their case, and a name may come twice."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def service() -> _Unit:
    unit = _Unit(interpolation=None, strict=False)
    unit.read_string(UNIT.read_text("utf-8"))
    return unit


def test_no_privilege():
    """Its own user; every switch of systemd.exec(5) that takes a right away which the broker does not need."""
    found = service()["Service"]
    assert found["User"] == "guest-broker"
    assert found["CapabilityBoundingSet"] == found["AmbientCapabilities"] == ""
    on = {name for name, value in found.items() if value == "yes"}
    assert on >= {
        "NoNewPrivileges",
        "PrivateTmp",
        "PrivateDevices",
        "PrivateUsers",
        "ProtectHome",
        "ProtectClock",
        "ProtectHostname",
    }
    assert on >= {"ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups", "LockPersonality"}
    assert on >= {"RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "MemoryDenyWriteExecute"}
    assert (found["ProtectSystem"], found["UMask"], found["ProtectProc"]) == ("strict", "0077", "invisible")
    assert found["RestrictAddressFamilies"].split() == ["AF_INET", "AF_INET6", "AF_UNIX"]


def test_stop_and_reload():
    """SIGTERM to the master alone, time for what it finishes, and SIGHUP for new files."""
    found = service()["Service"]
    assert found["KillMode"] == "mixed"
    assert int(found["TimeoutStopSec"]) > 20  # the time that broker/server/master.py gives to running requests
    assert found["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert found["Restart"] == "always"
