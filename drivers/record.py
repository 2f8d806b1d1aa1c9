"""A frozen dataclass with slots, made quickly.

`dataclass` compiles half a dozen methods for each class, and the guard starts with sixty classes: that was a
third of its own start. What records do alike is here once; `dataclasses.replace` and `match` know them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass
from typing import Any, Final, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """`@dataclass(frozen=True, slots=True)`, with plain defaults and `__post_init__`, without `field`."""
    # dataclass writes a signature where there is no docstring, which takes longer than all the rest.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    for name, method in {"__init__": _initialiser(made), **_ALIKE}.items():
        setattr(made, name, method)
    return made


def _initialiser(cls: type[Any]) -> Callable[..., None]:
    fields, names = cls.__dataclass_fields__, cls.__match_args__
    put = [getattr(cls, name).__set__ for name in names]
    defaults = {name: fields[name].default for name in names if fields[name].default is not MISSING}
    check = getattr(cls, "__post_init__", None)

    def init(self: Any, *values: Any, **named: Any) -> None:
        if named or len(values) != len(names):
            values = _complete(cls, names, defaults, values, named)
        for one, value in zip(put, values, strict=True):
            one(self, value)
        if check is not None:
            check(self)

    return init


def _complete(
    cls: type[Any],
    names: tuple[str, ...],
    defaults: dict[str, Any],
    values: tuple[Any, ...],
    named: dict[str, Any],
) -> tuple[Any, ...]:
    """A value for each of `names`, in their order. Raises TypeError as a call does."""
    given = {**dict(zip(names, values, strict=False)), **named}
    if len(values) > len(names) or len(given) != len(values) + len(named) or not given.keys() <= set(names):
        raise TypeError(f"{cls.__name__} takes each of {names} once, not {values} and {named}")
    missing = [name for name in names if name not in given and name not in defaults]
    if missing:
        raise TypeError(f"{cls.__name__} needs {', '.join(missing)}")
    return tuple(given[name] if name in given else defaults[name] for name in names)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _repr(self: Any) -> str:
    said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({said})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _refuse(self: Any, name: str, _value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} does not change")


_ALIKE: Final = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
