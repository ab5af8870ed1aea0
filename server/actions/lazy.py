"""A value made when it is first asked for, one per object, and without a lock.

Python 3.11's `functools.cached_property` holds one lock for all objects of a class while it makes a value. Made of
rows that are locked in the database, that is a deadlock which the database cannot see: one thread waits in there
for a row, and whoever holds the row waits for the lock.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used like a decorator
    """For objects that belong to one thread."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, obj: Any, _owner: type) -> T:
        made = obj.__dict__[self._name] = self._make(obj)
        return made
