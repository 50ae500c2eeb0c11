"""django-unfold's decorators with a type: it ships none, and an untyped decorator would hide what it decorates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from unfold import decorators

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def action(**options: Any) -> Callable[[MethodT], MethodT]:
    """See ``unfold.decorators.action``."""
    return cast("Callable[[MethodT], MethodT]", decorators.action(**options))


def display(**options: Any) -> Callable[[MethodT], MethodT]:
    """See ``unfold.decorators.display``."""
    return cast("Callable[[MethodT], MethodT]", decorators.display(**options))
