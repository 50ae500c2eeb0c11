"""The manifests: the same entrypoint and settings as everywhere, and nothing that a pod does not need."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from oauth_server.settings.environment import BASE_DIR, VARIABLES
from oauth_server.urls import urlpatterns

FOLDER = BASE_DIR / "docker" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
OBJECTS: list[dict[str, Any]] = [
    one for name in KUSTOMIZATION["resources"] for one in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))
]
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OBJECTS if "template" in one.get("spec", {})
}

ROLES = re.findall(r"^    (.*)\) exec .*run", (BASE_DIR / "docker" / "entrypoint.sh").read_text("utf-8"), re.MULTILINE)[
    0
].split(" | ")

each_pod = pytest.mark.parametrize("name", PODS)


def test_every_file_is_applied() -> None:
    assert {file.name for file in FOLDER.glob("*.yaml")} == {"kustomization.yaml", *KUSTOMIZATION["resources"]}


@each_pod
def test_a_pod_is_nobody_may_write_nothing_of_the_image_and_does_what_it_is_called(name: str) -> None:
    pod = PODS[name]
    [container] = pod["containers"]
    assert container["args"] == [name]
    assert name in ROLES
    assert "command" not in container  # the image's own entrypoint
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert "USER 10001:10001" in (BASE_DIR / "docker" / "Dockerfile").read_text("utf-8")
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/data", "/tmp"}  # noqa: S108  # paths inside a container
    assert container["resources"]["limits"].keys() == {"memory"}


def test_the_probes_ask_where_the_server_answers() -> None:
    [container] = PODS["web"]["containers"]
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"/health/live", "/health/ready"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    ours = {f"/{pattern.pattern}" for pattern in urlpatterns}
    assert paths <= ours


def test_every_setting_that_is_given_is_known() -> None:
    [generator] = KUSTOMIZATION["configMapGenerator"]
    names = {literal.partition("=")[0] for literal in generator["literals"]}
    assert names <= {variable.name for variable in VARIABLES}
    assert {"ISSUER", "SECRET_KEY_FILE", "KEY_ENCRYPTION_KEY_FILE", "TRUSTED_PROXIES"} <= names
