"""Compose, Render, Railway, Cloud Run, workflows: checked by the validators of their formats, and against our code."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.parts import LISTENERS
from infra.local.state import CHECKOUT
from schema.settings import SOURCES

DEPLOY = CHECKOUT / "infra" / "deploy"
GITHUB = CHECKOUT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
QUEUES = sorted(queue for queues, _ in LISTENERS.values() for queue in queues)
YAML = [*DEPLOY.rglob("*.y*ml"), *GITHUB.rglob("*.yml"), *(CHECKOUT / "infra" / "monitoring").glob("*.yml")]
STYLE = "{extends: default, rules: {line-length: {max: 200}, document-start: disable, truthy: disable, braces: {max-spaces-inside: 1}, comments: {min-spaces-from-content: 1}, comments-indentation: disable}}"  # noqa: E501


def tool(*command: str | Path) -> tuple[int, str]:
    """A validator of this environment; its exit code and what it says."""
    ran = subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr


def queues_of(command: str | list[str]) -> list[str]:
    words = shlex.split(command) if isinstance(command, str) else command
    words = shlex.split(words[2]) if words[1:2] == ["-c"] else words
    return [word for word in words[words.index("listeners") + 1 :] if word in QUEUES] if "listeners" in words else []


@pytest.mark.parametrize("file", YAML, ids=lambda file: file.name)
def test_a_file_is_clean_yaml(file: Path) -> None:
    assert tool("yamllint", "--strict", "--config-data", STYLE, file) == (0, "")


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.compose-spec", DEPLOY / "docker-compose.yml"),
        ("vendor.dependabot", GITHUB / "dependabot.yml"),
        *(("vendor.github-workflows", file) for file in WORKFLOWS),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_file_is_what_its_schema_asks_for(schema: str, file: Path) -> None:
    code, said = tool("check-jsonschema", "--builtin-schema", schema, file)

    assert code == 0, said


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_sound(file: Path) -> None:
    assert tool("actionlint", "-oneline", "-shellcheck=", file) == (0, "")


def test_only_what_was_pushed_here_is_deployed() -> None:
    """`workflow_run` also follows pull requests, and has the secrets: a stranger's branch may be called main, too."""
    for file in WORKFLOWS:
        workflow = yaml.safe_load(file.read_text())
        if "workflow_run" in workflow[True]:  # YAML reads the word "on" as true
            first = next(job for job in workflow["jobs"].values() if "needs" not in job)
            assert "github.event.workflow_run.event == 'push'" in first["if"], file.name


def test_what_workflows_run_is_there() -> None:
    text = "\n".join(file.read_text() for file in WORKFLOWS)
    for module in re.findall(r"python -m ([\w.]+)", text):
        if module.startswith("infra"):
            assert (CHECKOUT / f"{module.replace('.', '/')}.py").is_file()
    scripts = json.loads((CHECKOUT / "frontend" / "package.json").read_text())["scripts"]
    for script in re.findall(r"npm (?:run )?(lint|types|test|build)\b", text):
        assert script in scripts
    for target in re.findall(r"run: make (\w+)", text):
        assert f"\n{target}:" in (CHECKOUT / "Makefile").read_text()


def test_compose_serves_every_queue_and_hardens_every_process_of_ours() -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())["services"]

    assert sorted(queue for each in services.values() for queue in queues_of(each.get("command", []))) == QUEUES
    for each in services.values():
        if each["image"] == "rivulet":
            assert (each["read_only"], each["cap_drop"]) == (True, ["ALL"])
    assert all(name.startswith("NEXT_PUBLIC_") for name in services["web"]["environment"])
    assert "env_file" not in services["web"], "tokens and keys are not for the web application"


def test_render_and_railway_serve_every_queue() -> None:
    render = yaml.safe_load((DEPLOY / "render.yaml").read_text())
    railway = {file.stem: json.loads(file.read_text()) for file in (DEPLOY / "railway").glob("*.json")}

    assert sorted(queue for each in render["services"] for queue in queues_of(each.get("dockerCommand", ""))) == QUEUES
    assert sorted(queue for each in railway.values() for queue in queues_of(each["deploy"]["startCommand"])) == QUEUES
    deployed = yaml.safe_load((GITHUB / "workflows" / "backend-deploy.yml").read_text())
    assert set(deployed["jobs"]["railway"]["strategy"]["matrix"]["service"]) == railway.keys()


def test_railway_finds_the_health_of_a_listener() -> None:
    """It asks at PORT, and starts commands without a shell: https://docs.railway.com/deployments/start-command"""
    for file in (DEPLOY / "railway").glob("*.json"):
        [shell, option, command] = shlex.split(json.loads(file.read_text())["deploy"]["startCommand"])
        assert (shell, option) == ("/bin/sh", "-c")
        assert command.startswith("exec "), "SIGTERM has to reach the listener"
        assert command.endswith(" --health-port $PORT")


def test_render_tells_processes_where_chroma_is() -> None:
    """Hosts of private services are `NAME-HASH`: https://render.com/articles/how-render-handles-private-networking"""
    for each in yaml.safe_load((DEPLOY / "render.yaml").read_text())["services"]:
        if each.get("runtime") == "docker":
            given = {variable["key"]: variable for variable in each["envVars"] if "key" in variable}
            assert given["CHROMA_SERVICE"]["fromService"] == {"type": "pserv", "name": "chroma", "property": "host"}
            assert shlex.split(each["dockerCommand"])[2].startswith("CHROMA_URL=http://$CHROMA_SERVICE:8000 exec ")


def test_render_is_well_formed() -> None:
    """By https://render.com/docs/blueprint-spec: what each type needs, and references that lead somewhere."""
    render = yaml.safe_load((DEPLOY / "render.yaml").read_text())
    groups = {each["name"] for each in render["envVarGroups"]}
    names = {each["name"] for each in render["services"]}
    for each in render["services"]:
        assert each["type"] in ("web", "worker", "pserv", "cron", "keyvalue")
        assert (each["type"] == "keyvalue" and "ipAllowList" in each) or each["runtime"] in ("docker", "image")
        if each.get("runtime") == "docker":
            assert (CHECKOUT / each["dockerfilePath"]).is_file()
        for variable in each.get("envVars", []):
            assert variable.get("fromGroup", "rivulet") in groups
            assert variable.get("fromService", {"name": "redis"})["name"] in names


def test_settings_that_are_named_exist() -> None:
    known = {name for names in SOURCES.values() for name in names}
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    settings = yaml.safe_load((DEPLOY / "kubernetes" / "settings.yaml").read_text().split("---")[0])["data"]
    render = yaml.safe_load((DEPLOY / "render.yaml").read_text())["envVarGroups"][0]["envVars"]

    for name in {*named, *settings, *(each["key"] for each in render)}:
        assert name in known or name.startswith("NEXT_PUBLIC_"), name


CALLED = {
    "drain": "run deploy rivulet-drain",
    "ask": "run deploy rivulet-ask",
    "search": "run deploy rivulet-search",
    "health": "run deploy rivulet-health",
    "schedule": "scheduler jobs create http rivulet-drain",
}


@pytest.mark.parametrize("name", CALLED)
def test_cloud_run_is_called_as_it_should_be(name: str, tmp_path: Path) -> None:
    """With a gcloud that writes down how it was called."""
    calls = tmp_path / "calls"
    fake = tmp_path / "gcloud"
    fake.write_text(f'#!/bin/sh\necho "$*" >> {calls}\necho https://drain.example.run.app\n')
    fake.chmod(0o755)
    given = {"REGION": "europe-west3", "IMAGE": "registry/rivulet", "SUPABASE_URL": "https://abc.supabase.co",
             "CHROMA_URL": "https://chroma.example.com", "SUPABASE_SECRET_KEY": "sb_secret_abc",
             "SUPABASE_WORKER_TOKEN": "eyJ.abc.def", "FRONTEND_URL": "https://app.example.com",
             "PATH": f"{tmp_path}:{os.environ['PATH']}"}  # fmt: skip

    subprocess.run([DEPLOY / "cloud-run.sh", name], env=given, check=True, capture_output=True)

    called = calls.read_text()
    assert CALLED[name] in called
    assert "sb_secret_abc" not in called
    assert "SUPABASE_SECRET_KEY" not in called, "no process of ours has a key that opens everything"
    assert "--region europe-west3" in called
    if name != "schedule":
        assert f"--target={name}" in called
        assert ",FRONTEND_URL=https://app.example.com" in called, "else no page may call"
        assert "eyJ.abc.def" not in called, "secrets are those of Secret Manager"
    else:
        assert "--headers Authorization=Bearer eyJ.abc.def" in called
        assert "--uri https://drain.example.run.app" in called


def test_nothing_is_given_the_secret_key() -> None:
    told = [DEPLOY / ".env.example", DEPLOY / "render.yaml", DEPLOY / "docker-compose.yml"]
    for file in [*told, *(DEPLOY / "kubernetes").glob("*.yaml"), *(DEPLOY / "railway").iterdir()]:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        assert [line for line in lines if re.search("SECRET_KEY|SERVICE_KEY", line)] == [], file


def test_cloud_run_says_what_is_missing() -> None:
    ran = subprocess.run(
        [DEPLOY / "cloud-run.sh", "drain"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )

    assert ran.returncode != 0
    assert "set REGION" in ran.stderr
