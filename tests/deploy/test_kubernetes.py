"""The manifests below deploy/kubernetes: valid for Kubernetes, and right for this server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from tests.deploy.test_compose import ROOT
from widget_server.cli.program import program
from widget_server.settings import OperatorError, Settings, load_settings

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = FOLDER / "kustomization.yaml"
EXAMPLE = FOLDER / "secret.example.yaml"
LONGEST_HEARTBEAT = Settings.model_json_schema()["properties"]["heartbeat_seconds"]["maximum"]


def documents(*paths: Path) -> dict[str, Any]:
    """Every object of these files, by its kind; there is one of each."""
    found = [document for path in paths for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    by_kind = {document["kind"]: document for document in found}
    assert len(by_kind) == len(found)
    return by_kind


def applied() -> list[Path]:
    """The files that the kustomization applies."""
    return [FOLDER / name for name in documents(KUSTOMIZATION)["Kustomization"]["resources"]]


@pytest.fixture(name="objects")
def objects_of_an_installation() -> dict[str, Any]:
    return documents(*applied(), EXAMPLE)


def pod_of(owner: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = owner["spec"]["template"]["spec"]
    return spec


def container_of(owner: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod_of(owner)["containers"]
    found: dict[str, Any] = container
    return found


def test_s4_15_every_file_is_applied_but_the_example_of_a_secret() -> None:
    assert {path.name for path in applied()} == {path.name for path in FOLDER.iterdir()} - {
        KUSTOMIZATION.name,
        EXAMPLE.name,
    }
    assert "Secret" not in documents(*applied())


@pytest.mark.parametrize("version", ["1.29", "1.33", kubernetes_validate.latest_version()])
def test_s4_15_kubernetes_takes_every_object(objects: dict[str, Any], version: str) -> None:
    assert len(objects) == 7
    for found in objects.values():
        kubernetes_validate.validate(found, version, strict=True)
        assert "namespace" not in found["metadata"], "that is chosen by who applies it"


def test_s4_15_two_replicas_of_which_one_always_stays(objects: dict[str, Any]) -> None:
    spec = objects["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert objects["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    selector = spec["selector"]["matchLabels"]
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == selector
    assert objects["Service"]["spec"]["selector"] == selector
    assert spec["template"]["metadata"]["labels"] == selector
    migrating = objects["Job"]["spec"]["template"]["metadata"]["labels"]
    assert migrating != selector, "nobody is sent to a migration"


def test_s2_31_the_job_waits_for_the_database_and_deploys(objects: dict[str, Any]) -> None:
    assert container_of(objects["Job"])["args"] == ["deploy", "--wait", "120"]


def test_s4_15_a_stop_leaves_time_to_drain(objects: dict[str, Any], installed: Settings) -> None:
    pod = pod_of(objects["Deployment"])
    program_name, pause = container_of(objects["Deployment"])["lifecycle"]["preStop"]["exec"]["command"]
    assert program_name == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(pause) + installed.drain_seconds


def test_s4_15_probes_ask_the_internal_listener(objects: dict[str, Any], installed: Settings) -> None:
    container = container_of(objects["Deployment"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": installed.port, "internal": installed.internal_port}
    assert installed.internal_host == "0.0.0.0"
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: probe["port"] for name, probe in asked.items()} == dict.fromkeys(asked, "internal")
    assert [probe["path"] for probe in asked.values()] == ["/livez", "/livez", "/readyz"]
    assert [port["targetPort"] for port in objects["Service"]["spec"]["ports"]] == ["http"]
    startup = container["startupProbe"]
    waiting = container["args"][container["args"].index("--wait") + 1]
    assert startup["periodSeconds"] * startup["failureThreshold"] > float(waiting)


@pytest.fixture
def installed(objects: dict[str, Any]) -> Settings:
    """The settings that the objects give to a node: the program takes them all."""
    environment = {**objects["ConfigMap"]["data"], **objects["Secret"]["stringData"]}
    own = {name: value.replace("PASSWORD", "Vb4Ha1Jd6") for name, value in environment.items()}
    return load_settings(own | {"WIDGET_DATA_DIR": "/data"}, env_file=None)


def test_s43_the_examples_passwords_are_refused_as_they_stand(objects: dict[str, Any]) -> None:
    environment = {**objects["ConfigMap"]["data"], **objects["Secret"]["stringData"]}
    with pytest.raises(OperatorError, match="WIDGET_DATABASE_URL and WIDGET_MAIL_URL: the password"):
        load_settings(environment, env_file=None)


def test_s4_15_a_node_is_one_of_several_in_production(objects: dict[str, Any], installed: Settings) -> None:
    assert installed.mode == "production"
    assert not installed.on_sqlite
    assert installed.broker_url is not None
    assert installed.trusted_proxies == "1"
    for kind in ("Deployment", "Job"):
        sources = container_of(objects[kind])["envFrom"]
        names = [reference["name"] for source in sources for reference in source.values()]
        assert names == [objects["ConfigMap"]["metadata"]["name"], objects["Secret"]["metadata"]["name"]]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_s4_15_a_pod_has_no_right_that_it_does_not_need(objects: dict[str, Any], kind: str) -> None:
    pod, container = pod_of(objects[kind]), container_of(objects[kind])
    own = pod["securityContext"]
    assert own["runAsNonRoot"]
    assert f"USER {own['runAsUser']}:{own['runAsGroup']}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_s4_15_a_pod_gives_the_program_arguments_that_it_knows(objects: dict[str, Any], kind: str) -> None:
    verb, *arguments = container_of(objects[kind])["args"]
    with click.Context(program) as context:
        program.commands[verb].make_context(verb, arguments, parent=context).close()


def test_s4_15_the_ingress_leads_to_the_service_and_keeps_sockets(objects: dict[str, Any], installed: Settings) -> None:
    ingress, service = objects["Ingress"], objects["Service"]
    (rule,) = ingress["spec"]["rules"]
    assert installed.public_url == f"https://{rule['host']}"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == service["metadata"]["name"]
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}
    kind = "nginx.ingress.kubernetes.io/proxy-{}-timeout"
    for way in ("read", "send"):
        assert int(ingress["metadata"]["annotations"][kind.format(way)]) >= 2 * LONGEST_HEARTBEAT
