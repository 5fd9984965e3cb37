"""Count modules, imports and levels of `app/pages`: `python -m tests.architecture.page_imports`."""

import ast
import sys
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = "app.pages"
SHARED = "support"


class Figures(NamedTuple):
    """The figures of the pages; the root module, which lists them all, is left out."""

    packages: int
    levels: int
    """Packages on the longest chain of imports."""
    package_imports: int
    """Pairs of packages of which one imports the other."""
    imports_between_packages: int
    """Pairs of modules in different packages, apart from imports of what all pages share."""
    modules: int
    imports: int
    """Pairs of modules of which one imports the other."""


def figures() -> Figures:
    modules = module_imports()
    imports = {(module, other) for module, others in modules.items() for other in others}
    between = {(package_of(one), package_of(other)) for one, other in imports}
    package_imports = {pair for pair in between if pair[0] != pair[1]}
    packages = {package_of(module) for module in modules}
    by_package = {
        package: {other for one, other in package_imports if one == package} for package in packages
    }
    apart_from_shared = [
        (one, other) for one, other in imports if package_of(one) != package_of(other) != SHARED
    ]
    return Figures(
        packages=len(packages),
        levels=max(level_of(package, by_package) for package in packages),
        package_imports=len(package_imports),
        imports_between_packages=len(apart_from_shared),
        modules=len(modules),
        imports=len(imports),
    )


@cache
def module_imports() -> Mapping[str, Set[str]]:
    """Return, for each module below the root, the other ones that it imports."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / "app/pages").rglob("*.py")
    }
    return {
        name: set(imported_by(path, paths.keys())) - {name}
        for name, path in paths.items()
        if name != PAGES
    }


def imported_by(path: Path, modules: Set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in modules else node.module


def package_of(module: str) -> str:
    return module.split(".")[2]


def level_of(package: str, imports: Mapping[str, Set[str]]) -> int:
    return 1 + max((level_of(other, imports) for other in imports[package]), default=0)


if __name__ == "__main__":
    for name, figure in figures()._asdict().items():
        sys.stdout.write(f"{name.replace('_', ' '):26}{figure:5}\n")
