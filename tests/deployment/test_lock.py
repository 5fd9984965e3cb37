"""`requirements/*.txt`: what `make lock` writes from pyproject.toml."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

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
        "extra": "",
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
def test_the_lock_is_complete_on_every_supported_python(name: str) -> None:
    """With hashes, pip refuses a dependency that is not locked."""
    versions = locked_versions(name)
    missing = {
        f"{needed} of {package} on {machine['python_full_version']}, {machine['sys_platform']}"
        for package in versions
        for needed in requirements_of(package)
        for machine in MACHINES
        if needed.marker is None or needed.marker.evaluate(machine)
        if canonicalize_name(needed.name) not in versions
    }

    assert missing == set()


def requirements_of(package: str) -> list[Requirement]:
    try:
        return list(map(Requirement, requires(package) or ()))
    except PackageNotFoundError:  # locked for another version of Python
        return []


def test_development_runs_the_versions_that_are_served() -> None:
    assert locked_versions("serve").items() <= locked_versions("dev").items()
