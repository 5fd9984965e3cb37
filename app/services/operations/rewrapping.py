"""Reseal everything under the current SECRET_KEY while servers keep running.

Sealed values can be opened with every listed key, so users are not affected. A value that changes
during the run is left as it is. If the command is interrupted, run it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import PosternError
from app.repositories.operations.sealed_values import SealedKind, SealedValue, SealedValueRepository
from app.security.encryption import SealError, SecretBox
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.secret_key_check import SecretKeyCheck

BATCH = 100
NAMED_AT_MOST = 20


class UnopenableError(PosternError):
    """Some values are sealed under a key that is not listed, or are damaged."""

    title = "Sealed under a key that is not listed"


@dataclass(slots=True)
class Rewrapped:
    """Result for one kind of sealed value.

    It counts the values that were resealed, were already current, or changed during the run, and
    lists the owners of those that no listed key opens.
    """

    resealed: int = 0
    current: int = 0
    changed: int = 0
    unopenable: list[str] = field(default_factory=list)


class Rewrapping:
    """Resealing. `boxes` has the box of each kind of sealed value, by the repository's names."""

    def __init__(
        self,
        *,
        sealed_value_repository: SealedValueRepository,
        boxes: Mapping[SealedKind, SecretBox],
        key_check: SecretKeyCheck,
        audit: AuditLog,
    ) -> None:
        self._sealed_value_repository = sealed_value_repository
        self._boxes = boxes
        self._key_check = key_check
        self._audit = audit

    async def run(self, *, only_looks: bool = False) -> dict[SealedKind, Rewrapped]:
        """Reseal all values and return the result for each kind; only count with `only_looks`."""
        results = {
            kind: await self._run_kind(kind, box, only_looks=only_looks)
            for kind, box in self._boxes.items()
        }
        if not only_looks:
            await self._key_check.move()
            await self._audit.record(
                ServerEvent.KEYS_REWRAPPED,
                succeeded=not any(result.unopenable for result in results.values()),
                resealed=sum(result.resealed for result in results.values()),
                unopenable=sum(len(result.unopenable) for result in results.values()),
            )
        return results

    async def _run_kind(self, kind: SealedKind, box: SecretBox, *, only_looks: bool) -> Rewrapped:
        result = Rewrapped()
        after = ""
        while page := await self._sealed_value_repository.list_page(kind, after=after, limit=BATCH):
            old = [
                (entry, value)
                for entry in page
                if (value := _opened(entry, box, result)) is not None
            ]
            result.current += len(page) - len(old)
            if only_looks:
                result.resealed += len(old)
            elif old:
                replaced = await self._sealed_value_repository.replace(
                    kind, [(entry, box.seal(value, context=entry.owner)) for entry, value in old]
                )
                result.resealed += replaced
                result.changed += len(old) - replaced
            after = page[-1].owner
        result.current -= len(result.unopenable)
        return result


def check_all_opened(done: Mapping[SealedKind, Rewrapped]) -> None:
    """Raise `UnopenableError` with the owners of the values that could not be opened."""
    unopened = [
        f"{kind} of {_listed(result.unopenable)}"
        for kind, result in done.items()
        if result.unopenable
    ]
    if unopened:
        raise UnopenableError(f"Not sealed with any of the listed keys: {'; '.join(unopened)}.")


def _opened(each: SealedValue, box: SecretBox, done: Rewrapped) -> bytes | None:
    """Return the value if it has to be resealed; None if it is current or cannot be opened."""
    try:
        value = box.open(each.sealed, context=each.owner)
    except SealError:
        done.unopenable.append(each.owner)
        return None
    return None if box.is_current(each.sealed) else value


def _listed(owners: list[str]) -> str:
    named = ", ".join(owners[:NAMED_AT_MOST])
    remaining = len(owners) - NAMED_AT_MOST
    return f"{named} and {remaining} more" if remaining > 0 else named
