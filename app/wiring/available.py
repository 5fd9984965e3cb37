"""Supply constructors with what they declare, by the annotations of their parameters."""

from inspect import Parameter, signature
from typing import Any, TypeVar, get_type_hints

from app.settings import Settings

Built = TypeVar("Built")


class Available:
    """The fields of some bundles, each under its annotation.

    The settings are not among them: what needs a setting gets its value in an object.
    """

    def __init__(self, *bundles: Any) -> None:
        self._values: dict[Any, Any] = {}
        for bundle in bundles:
            for name, annotation in get_type_hints(type(bundle)).items():
                if annotation is not Settings:
                    self._offer(annotation, getattr(bundle, name))

    def build(self, kind: type[Built]) -> Built:
        """Build an object of a class.

        Raise `TypeError` with the class and the parameter for one that is not available.
        """
        constructor: Any = kind.__init__
        annotations = get_type_hints(constructor)
        arguments = {}
        for name, parameter in list(signature(constructor).parameters.items())[1:]:
            if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
                continue
            annotation = annotations.get(name)
            if annotation in self._values:
                arguments[name] = self._values[annotation]
            elif parameter.default is Parameter.empty:
                text = getattr(annotation, "__name__", annotation)
                raise TypeError(f"{kind.__name__}: no {text} is available for {name}")
        return kind(**arguments)

    def _offer(self, annotation: Any, value: Any) -> None:
        if self._values.setdefault(annotation, value) is not value:
            raise TypeError(f"two different objects are available as {annotation}")
