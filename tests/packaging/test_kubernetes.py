"""deploy/kubernetes, read as a cluster reads it: the rules that matter, and files that the broker accepts in the place where they are mounted."""

from __future__ import annotations

import stat
from pathlib import Path
from secrets import token_hex
from typing import Any

import yaml

from broker.keyring.root import create_root, load_roots
from broker.settings.load import load
from tests.house.dockerfile import parse
from tests.house.source import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
OBJECTS: dict[str, dict[str, Any]] = {
    found["kind"]: found for found in (yaml.safe_load((FOLDER / name).read_text("utf-8")) for name in KUSTOMIZATION["resources"])
}
DEPLOYMENT = OBJECTS["Deployment"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(NODE,) = POD["containers"]
MOUNTS = {mount["name"]: mount for mount in NODE["volumeMounts"]}
VOLUMES = {volume["name"]: volume for volume in POD["volumes"]}
LABEL = {"app.kubernetes.io/name": "guest-broker"}


def test_every_file_is_a_resource():
    """The folder holds what the kustomization lists, and each kind that a service in production needs."""
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}
    assert set(OBJECTS) == {"ServiceAccount", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}


def test_two_nodes_and_never_none():
    """A new version, a drained machine or a lost zone leaves a node; nothing is sticky."""
    assert DEPLOYMENT["replicas"] >= 2
    assert DEPLOYMENT["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert OBJECTS["PodDisruptionBudget"]["spec"]["minAvailable"] >= 1
    assert {one["topologyKey"] for one in POD["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }
    selectors = [DEPLOYMENT["selector"], OBJECTS["PodDisruptionBudget"]["spec"]["selector"]]
    selectors += [one["labelSelector"] for one in POD["topologySpreadConstraints"]]
    assert all(selector["matchLabels"] == LABEL for selector in selectors)
    assert DEPLOYMENT["template"]["metadata"]["labels"] == LABEL == KUSTOMIZATION["labels"][0]["pairs"]
    assert "sessionAffinity" not in OBJECTS["Service"]["spec"]


def test_probes_ask_what_they_mean():
    """A node is restarted only if its process hangs, and gets requests only if it is ready; a failover of the database takes no node out."""
    paths = {name: NODE[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: probe["path"] for name, probe in paths.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    (port,) = NODE["ports"]
    assert {probe["port"] for probe in paths.values()} == {port["name"], OBJECTS["Service"]["spec"]["ports"][0]["targetPort"]}
    assert f"0.0.0.0:{port['containerPort']}" in NODE["args"]
    assert NODE["readinessProbe"]["periodSeconds"] * NODE["readinessProbe"]["failureThreshold"] >= 30
    assert POD["terminationGracePeriodSeconds"] > 20 + int(NODE["lifecycle"]["preStop"]["exec"]["command"][1])


def test_the_pod_has_no_privilege():
    """The profile `restricted` of the Pod Security Standards, a read-only root filesystem, and no way to the Kubernetes API."""
    (user,) = parse(ROOT / "Dockerfile")[-1].all("USER")
    assert POD["securityContext"] | {"runAsUser": int(user.text)} == POD["securityContext"]
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert NODE["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is OBJECTS["ServiceAccount"]["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(POD)
    assert "env" not in NODE  # no secret in the environment
    assert {"memory"} <= set(NODE["resources"]["limits"])


def test_secrets_are_files_that_the_group_reads():
    """0440 with the pod's group; everything but the state and temporary files is mounted read-only."""
    secrets = {name: volume["secret"] for name, volume in VOLUMES.items() if "secret" in volume}
    assert set(secrets) == {"keys", "secrets"}
    assert {secret["defaultMode"] for secret in secrets.values()} == {0o440}
    assert POD["securityContext"]["fsGroup"] == POD["securityContext"]["runAsGroup"]
    writable = {name for name, mount in MOUNTS.items() if not mount.get("readOnly")}
    assert writable == {"var", "tmp"} == {name for name, volume in VOLUMES.items() if "emptyDir" in volume}


def test_network_policy_closes_what_is_not_named():
    """Both directions; requests come in at the broker's port only."""
    policy = OBJECTS["NetworkPolicy"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert [[port["port"] for port in rule["ports"]] for rule in policy["ingress"]] == [["http"]]
    assert all(rule["from"] for rule in policy["ingress"])
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443, 465, 587, 5432}


def mounted(folder: Path, files: dict[str, str], mode: int) -> None:
    """Files as the kubelet mounts them: a hidden folder with the data, and a link to it at each first name."""
    data = folder / "..2026_11_30" / "x"
    for name, text in files.items():
        place = data.parent / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        place.chmod(mode)
    (folder / "..data").symlink_to(data.parent.name)
    for name in {Path(name).parts[0] for name in files}:
        (folder / name).symlink_to(Path("..data") / name)


def test_the_broker_takes_the_files_where_they_are_mounted(tmp_path: Path):
    """The projected files, the secrets and the root key behind the kubelet's links make a home."""
    (volume,) = VOLUMES["config"]["projected"]["sources"]
    sources = dict(pair.split("=") for pair in KUSTOMIZATION["configMapGenerator"][0]["files"])
    assert volume["configMap"]["name"] == KUSTOMIZATION["configMapGenerator"][0]["name"]
    assert {item["key"] for item in volume["configMap"]["items"]} == set(sources)
    config = {item["path"]: (FOLDER / sources[item["key"]]).read_text("utf-8") for item in volume["configMap"]["items"]}
    home = tmp_path / Path(MOUNTS["config"]["mountPath"]).parent.name
    mounted(home / "config", config, VOLUMES["config"]["projected"]["defaultMode"])
    values = {"database": "postgresql+psycopg://broker@db/broker", "mail": "smtps://mail:465", "payroll": token_hex(32)}
    mounted(home / "secrets", values, 0o440)
    settings = load(home, {})
    assert set(settings.applications) == {"payroll"}
    made = create_root(tmp_path / "made", lambda: 1)
    mounted(home / "keys", {made.name: made.read_text("utf-8")}, 0o440)
    (root,) = load_roots(home / "keys").by_id.values()
    assert stat.S_IMODE(root.path.stat().st_mode) == VOLUMES["keys"]["secret"]["defaultMode"]
