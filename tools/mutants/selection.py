"""Choose mutants by a seed, the same in each commit that has them."""

import ast
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.mutants.mutations import Mutant, mutants_of

PACKAGES = ("app/oauth", "app/services", "app/repositories")

Candidates = dict[str, Mutant]
"""Mutants by their key; those with the same key as another one are left out."""


def candidates_in(root: Path, packages: Sequence[str] = PACKAGES) -> Candidates:
    """Return the mutants of the packages in a working tree."""
    found = [
        mutant
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
        for mutant in mutants_of(path.relative_to(root).as_posix(), path.read_bytes())
    ]
    count = Counter(mutant.key for mutant in found)
    return {mutant.key: mutant for mutant in found if count[mutant.key] == 1}


def choose(root: Path, candidates: Iterable[Mutant], *, seed: int, count: int) -> list[Mutant]:
    """Return mutants in the order of a hash, at most one of each function.

    A change elsewhere in the code does not alter the order of the others.
    """
    chosen: dict[tuple[str, str], Mutant] = {}
    for mutant in sorted(candidates, key=lambda each: _digest(seed, each.key)):
        place = (mutant.path, mutant.function)
        if place not in chosen and changes_the_program(root, mutant):
            chosen[place] = mutant
        if len(chosen) == count:
            break
    return list(chosen.values())


def changes_the_program(root: Path, mutant: Mutant) -> bool:
    """Return whether the mutated module is valid and not the same program."""
    source = (root / mutant.path).read_bytes()
    try:
        changed = ast.parse(mutant.change.apply_to(source))
    except SyntaxError:
        return False
    return ast.dump(changed) != ast.dump(ast.parse(source))


def _digest(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()
