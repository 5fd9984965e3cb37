"""`requirements/*.txt`: what `make lock` writes from pyproject.toml."""

import re
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.files import locked_entries, locked_versions, text_of

PROJECT = tomllib.loads(text_of("pyproject.toml"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
SERVED = [*PROJECT["project"]["dependencies"], *EXTRAS["redis"], *EXTRAS["demo"]]
DECLARED = {
    "build": PROJECT["build-system"]["requires"],
    "serve": SERVED,
    "dev": [*SERVED, *EXTRAS["dev"]],
}
ENTRY = r"[A-Za-z0-9._-]+==[^\s;]+( ; [a-z_]+ != \"Windows\")?( +--hash=sha256:[0-9a-f]{64})+"
MACHINES = [
    {
        "python_version": minor,
        "python_full_version": full,
        "sys_platform": platform.lower(),
        "platform_system": platform,
    }
    for minor, full in (("3.11", "3.11.0"), ("3.12", "3.12.0"), ("3.13", "3.13.0"))
    for platform in ("Linux", "Darwin")
]


@pytest.mark.parametrize("name", DECLARED)
def test_each_entry_has_a_version_and_hashes_and_no_line_names_an_index(name: str) -> None:
    for entry in locked_entries(name):
        assert re.fullmatch(ENTRY, entry)


@pytest.mark.parametrize("name", DECLARED)
def test_the_lock_satisfies_every_declared_dependency(name: str) -> None:
    versions = locked_versions(name)

    for requirement in map(Requirement, DECLARED[name]):
        version = versions.get(canonicalize_name(requirement.name), "")
        assert requirement.specifier.contains(version or "0"), f"{requirement}: run `make lock`"


@pytest.mark.parametrize("name", ["serve", "dev"])
def test_the_lock_has_what_is_needed_on_every_supported_python_and_nothing_else(name: str) -> None:
    """With hashes, pip refuses a dependency that is not locked."""
    assert needed_for(DECLARED[name]) == locked_versions(name).keys(), "run `make lock`"


def needed_for(declared: list[str]) -> set[str]:
    """Return the names of these packages and of all that they need on any of the machines."""
    needed: set[str] = set()
    seen: set[str] = set()
    pending = list(map(Requirement, declared))
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        needed.add(name)
        for extra in {"", *requirement.extras}:
            if f"{name}[{extra}]" not in seen:
                seen.add(f"{name}[{extra}]")
                pending += [each for each in requirements_of(name) if applies(each, extra)]
    return needed


def requirements_of(package: str) -> list[Requirement]:
    return list(map(Requirement, requires(package) or ()))


def applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**each, "extra": extra}) for each in MACHINES)


def test_development_runs_the_versions_that_are_served() -> None:
    assert locked_versions("serve").items() <= locked_versions("dev").items()
