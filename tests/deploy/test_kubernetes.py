"""The manifests: well formed, consistent, closed by default; and KEDA's question has an answer."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import yaml

from infra.local.parts import LISTENERS
from infra.local.state import CHECKOUT
from tests.conftest import Gateway
from tests.deploy.openapi import faults

FOLDER = CHECKOUT / "infra" / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    manifest for name in KUSTOMIZATION["resources"] for manifest in yaml.safe_load_all((FOLDER / name).read_text())
]
THEIRS = [manifest for manifest in MANIFESTS if "keda" not in manifest["apiVersion"]]


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == kind}


def listeners() -> dict[str, dict[str, Any]]:
    given = of("Deployment").items()
    return {
        name: each for name, each in given if each["metadata"].get("labels", {}).get("rivulet.io/role") == "listener"
    }


def named(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


@pytest.mark.parametrize("manifest", THEIRS, ids=named)
def test_a_manifest_is_what_kubernetes_takes(manifest: dict[str, Any]) -> None:
    assert list(faults(manifest)) == []


def test_the_check_notices_what_is_wrong() -> None:
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replica": 1}}
    assert next(iter(faults(wrong))) == "Deployment.spec has no field replica"
    wrong["spec"] = {"replicas": "1", "selector": {}, "template": {}}
    assert "Deployment.spec.replicas must be int, not '1'" in list(faults(wrong))
    wrong["spec"] = {"template": {}}
    assert "selector" in next(iter(faults(wrong)))


def test_every_file_is_part_of_it() -> None:
    assert {file.name for file in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}


def test_every_queue_has_its_listeners_and_each_is_scaled() -> None:
    served = [
        part
        for each in listeners().values()
        for part in each["spec"]["template"]["spec"]["containers"][0]["args"][3:]
        if part in QUEUES
    ]
    assert sorted(served) == sorted(QUEUES)
    assert {each["spec"]["scaleTargetRef"]["name"] for each in of("ScaledObject").values()} == listeners().keys()


QUEUES = [queue for queues, _ in LISTENERS.values() for queue in queues]


@pytest.mark.parametrize("pod", [*of("Deployment").values(), *of("StatefulSet").values()], ids=named)
def test_nothing_runs_as_root_or_with_rights_it_does_not_need(pod: dict[str, Any]) -> None:
    spec = pod["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        allowed = container["securityContext"]
        assert (allowed["allowPrivilegeEscalation"], allowed["capabilities"]) == (False, {"drop": ["ALL"]})
        assert allowed.get("readOnlyRootFilesystem") or pod["metadata"]["name"] == "chroma"
        assert "memory" in container["resources"]["limits"]


def test_selectors_and_references_lead_somewhere() -> None:
    labels = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in [*of("Deployment").values(), *of("StatefulSet").values()]
    ]
    for kind in ("Service", "PodDisruptionBudget"):
        for each in of(kind).values():
            wanted = each["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            assert any(wanted.items() <= having.items() for having in labels), each["metadata"]["name"]
    assert of("NetworkPolicy")["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


@pytest.mark.parametrize("scaled", of("ScaledObject").values(), ids=named)
def test_what_keda_asks_listeners_tell(scaled: dict[str, Any], gateway: Gateway) -> None:
    """`/queues` of a listener is this part of what the database tells; KEDA needs no key for it."""
    headers = {"apikey": gateway.database.secret_key}
    status = httpx.post(f"{gateway.url}/rest/v1/rpc/engine_status_v1", headers=headers).raise_for_status().json()
    for trigger in scaled["spec"]["triggers"]:
        asked = trigger["metadata"]
        queue, state = asked["valueLocation"].split(".")
        assert status["queues"][queue][state] == 0
        assert int(asked["targetValue"]) > 0
        assert (trigger["type"], asked["url"]) == ("metrics-api", "http://queues.rivulet:9090/queues")
    assert 0 < scaled["spec"]["minReplicaCount"] <= scaled["spec"]["maxReplicaCount"]


@pytest.mark.parametrize("queue", ["parse", "embed", "respond"])
def test_nobody_who_works_is_sent_away(queue: str) -> None:
    """With what is ready alone, listeners that have taken it all would count as idle."""
    arguments = listeners()[queue]["spec"]["template"]["spec"]["containers"][0]["args"]
    places = arguments[arguments.index("--concurrency") + 1]
    asked = [each["metadata"] for each in of("ScaledObject")[queue]["spec"]["triggers"]]

    assert {each["valueLocation"]: each["targetValue"] for each in asked}[f"{queue}.running"] == places


def test_the_address_of_the_queues_is_that_of_the_listeners() -> None:
    [port] = of("Service")["queues"]["spec"]["ports"]
    assert listeners()
    for each in listeners().values():
        [container] = each["spec"]["template"]["spec"]["containers"]
        assert container["ports"] == [{"name": port["targetPort"], "containerPort": port["port"]}]
        assert container["args"][-2:] == ["--health-port", str(port["port"])]
    assert KUSTOMIZATION["namespace"] == "rivulet"


def test_keda_and_prometheus_may_ask_listeners() -> None:
    [rule] = of("NetworkPolicy")["metrics"]["spec"]["ingress"]
    [expression] = rule["from"][0]["namespaceSelector"]["matchExpressions"]
    assert expression["values"] == ["monitoring", "keda"]
