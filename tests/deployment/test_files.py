"""Dockerfile and compose files. There is no engine here: they are read, not run."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.deployment.files import (
    COMMAND_NAMES,
    COMPOSE,
    PRODUCTION,
    ROOT,
    SETTING_NAMES,
    instructions_of,
    text_of,
    variables_in,
    yaml_of,
)

DOCKERFILE = instructions_of(text_of("Dockerfile"))


def arguments_of(instruction: str) -> list[str]:
    return [rest for name, rest in DOCKERFILE if name == instruction]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in arguments_of("ENV") for pair in rest.split())


def test_the_image_does_not_run_as_root() -> None:
    last_stage = DOCKERFILE[max(i for i, (name, _) in enumerate(DOCKERFILE) if name == "FROM") :]

    users = [rest for name, rest in last_stage if name == "USER"]

    assert users
    assert users[-1].partition(":")[0] not in ("root", "0")


def test_the_image_runs_in_production_mode_and_listens_on_every_interface() -> None:
    environment = image_environment()

    assert environment["APP_ENV"] == "production"
    assert environment["HOST"] == "0.0.0.0"
    assert environment["PORT"] == "5000"
    assert arguments_of("EXPOSE") == ["5000"]
    assert set(environment) & SETTING_NAMES == {"APP_ENV", "HOST", "PORT"}


def test_the_image_does_not_write_bytecode_and_contains_no_secret() -> None:
    assert image_environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert not re.search(r"(ENV|ARG) .*(SECRET|TOKEN|PASSWORD)", text_of("Dockerfile"))


def test_the_health_check_of_the_image_is_valid_python() -> None:
    (check,) = arguments_of("HEALTHCHECK")
    program, option, source = json.loads(check[check.index("[") :])

    assert (program, option) == ("python", "-c")
    compile(source, "HEALTHCHECK", "exec")
    assert "/health/ready" in source


def test_the_image_installs_nothing_but_what_is_locked() -> None:
    commands = " && ".join(arguments_of("RUN"))
    installations = re.findall(r"pip install ([^&]+)", commands)

    assert [
        line
        for line in installations
        if "--require-hashes" not in line and "--no-index" not in line
    ] == []
    assert len(installations) == 3
    assert re.findall(r"-r (\S+)", commands) == ["requirements/build.txt", "requirements/serve.txt"]


def test_the_image_serves_with_a_command_that_exists() -> None:
    (command,) = arguments_of("CMD")

    assert json.loads(command) == ["postern", "serve"]
    assert "serve" in COMMAND_NAMES
    assert not arguments_of("ENTRYPOINT"), "then `docker run image postern migrate` would not work"


def test_every_file_that_the_image_copies_or_the_build_reads_exists() -> None:
    allowed = {
        line.removeprefix("!")
        for line in text_of(".dockerignore").splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for rest in arguments_of("COPY")
        if not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    project = tomllib.loads(text_of("pyproject.toml"))["project"]

    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    assert {project["readme"], *project["license-files"], "hatch_build.py"} <= copied


@pytest.mark.parametrize("name", [COMPOSE, PRODUCTION])
def test_compose_names_commands_that_exist(name: str) -> None:
    for service in yaml_of(name)["services"].values():
        command = service.get("command", ["postern", "serve"])
        assert command[0] == "postern"
        assert command[1] in COMMAND_NAMES


def test_compose_publishes_on_loopback_only() -> None:
    """CONTRACT: published on 127.0.0.1 only, so that development is nobody else's."""
    published = {
        name: [port for text in (COMPOSE, PRODUCTION) for port in ports_of(text, name)]
        for name in yaml_of(COMPOSE)["services"]
    }

    assert published["server"]
    assert all(port.startswith("127.0.0.1:") for port in published["server"])
    assert published["postgres"] == published["migrate"] == []


def ports_of(file: str, service: str) -> list[str]:
    return [str(port) for port in yaml_of(file)["services"][service].get("ports", [])]


def test_compose_starts_each_service_after_the_one_before_it_is_healthy() -> None:
    services = yaml_of(COMPOSE)["services"]

    assert "pg_isready" in services["postgres"]["healthcheck"]["test"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["server"]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }
    assert services["migrate"]["restart"] == "no"


def test_compose_seeds_its_development_stack_only() -> None:
    seed = yaml_of(COMPOSE)["services"]["seed"]
    source, target, mode = seed["volumes"][0].split(":")

    assert (ROOT / source).is_file()
    assert seed["command"] == ["postern", "apply", target, "--yes"]
    assert mode == "ro"
    assert seed["environment"]["APP_ENV"] == "development"
    assert seed["depends_on"] == {"server": {"condition": "service_healthy"}}
    assert yaml_of(PRODUCTION)["services"]["seed"] == {"profiles": ["development"]}


def test_compose_runs_in_development_mode_and_requires_no_variable() -> None:
    assert yaml_of(COMPOSE)["services"]["server"]["environment"]["APP_ENV"] == "development"
    taken = re.findall(r"\$\{[^}]*\}", text_of(COMPOSE))
    assert taken
    assert all(":-" in variable for variable in taken)


def test_the_production_file_requires_the_settings_without_a_safe_default() -> None:
    required = set(re.findall(r"\$\{([A-Z_]+):\?[^}]+\}", text_of(PRODUCTION)))
    server = yaml_of(PRODUCTION)["services"]["server"]

    assert required == {"SECRET_KEY", "ISSUER", "POSTGRES_PASSWORD"}
    assert server["environment"]["APP_ENV"] == "production"
    assert "postern:postern@" not in text_of(PRODUCTION)


@pytest.mark.parametrize("service", ["server", "migrate"])
def test_the_production_file_drops_every_privilege(service: str) -> None:
    hardened: dict[str, Any] = yaml_of(PRODUCTION)["services"][service]

    assert hardened["read_only"] is True
    assert hardened["cap_drop"] == ["ALL"]
    assert hardened["security_opt"] == ["no-new-privileges:true"]


def test_the_production_file_overrides_the_services_of_the_development_file() -> None:
    assert set(yaml_of(PRODUCTION)["services"]) == set(yaml_of(COMPOSE)["services"])


@pytest.mark.parametrize("name", [COMPOSE, PRODUCTION])
def test_compose_passes_only_existing_settings_to_the_server(name: str) -> None:
    services = yaml_of(name)["services"]

    assert set(services["server"]["environment"]) <= SETTING_NAMES
    assert set(services["migrate"]["environment"]) <= SETTING_NAMES


@pytest.mark.parametrize("name", [COMPOSE, PRODUCTION])
def test_every_variable_of_compose_is_documented(name: str) -> None:
    documented = text_of(".env.example") + text_of("docs/deployment.md")

    for variable in variables_in(text_of(name)):
        assert re.search(rf"\b{variable}\b", documented), variable
