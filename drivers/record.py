"""A frozen dataclass with slots, made quickly.

`dataclass` compiles half a dozen methods for each class, and the guard starts with sixty classes: that was a
third of its own start. What records do alike is here once; `dataclasses.replace` and `match` know them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass
from operator import attrgetter
from typing import Any, Final, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """`@dataclass(frozen=True, slots=True)`, with plain defaults and `__post_init__`, without `field`."""
    # dataclass writes a signature where there is no docstring, which takes longer than all the rest.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    names: tuple[str, ...] = vars(made)["__match_args__"]
    values_of = staticmethod(attrgetter(*names) if names else _nothing)
    own = {"__init__": _initialiser(made), "values_of": values_of}
    for name, method in {**own, **_ALIKE}.items():
        setattr(made, name, method)
    return made


def _initialiser(cls: type[Any]) -> Callable[..., None]:
    """Compiled, since it is called far more often than any other: each slot is put into its place at once."""
    fields, names = cls.__dataclass_fields__, cls.__match_args__
    within: dict[str, Any] = {f"put_{name}": getattr(cls, name).__set__ for name in names}
    taken = ["self"]
    for name in names:
        default = fields[name].default
        taken.append(name if default is MISSING else f"{name}=default_{name}")
        within[f"default_{name}"] = default
    lines = [f"put_{name}(self, {name})" for name in names]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    # As dataclass does it: the names are those of the class's own source.
    exec(f"def __init__({', '.join(taken)}):\n  " + "; ".join(lines or ["pass"]), within)  # noqa: S102
    initialiser: Callable[..., None] = within["__init__"]
    return initialiser


def _nothing(_self: Any) -> tuple[()]:
    return ()


def _repr(self: Any) -> str:
    said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({said})"


def _eq(self: Any, other: Any) -> Any:
    return self.values_of(self) == self.values_of(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(self.values_of(self))


def _refuse(self: Any, name: str, _value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} does not change")


_ALIKE: Final = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
