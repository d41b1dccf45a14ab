"""Arming a failpoint: wraps its function in this process, until the process is struck."""

from collections.abc import Callable
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import count
from typing import Any

from .windows import FAILPOINTS, Failpoint


def arm(name: str, strike: Callable[[], None]) -> None:
    """Call `strike` at a failpoint, once. Raises LookupError if there is no such line any more."""
    failpoint = FAILPOINTS[name]
    owner, attribute = find(failpoint)
    calls = count(1)

    def passed(*arguments: Any) -> None:
        fits = failpoint.fits is None or failpoint.fits(*arguments)
        if fits and next(calls) == failpoint.call:
            strike()

    setattr(owner, attribute, _wrapped(getattr(owner, attribute), failpoint, passed))


def find(failpoint: Failpoint) -> tuple[Any, str]:
    """The module or class that the function is looked up in, and its name there."""
    module, _, path = failpoint.seam.partition(":")
    *outer, attribute = path.split(".")
    try:
        owner: Any = import_module("orders." + module)
        for name in outer:
            owner = getattr(owner, name)
        function = vars(owner)[attribute]
    except (ImportError, AttributeError, KeyError) as error:
        raise LookupError(f"a failpoint has lost its seam: {failpoint.seam}") from error
    if failpoint.moment == "after" and not iscoroutinefunction(function):
        raise LookupError(f"nothing awaits {failpoint.seam}, so there is no line after it")
    return owner, attribute


def _wrapped(
    function: Callable[..., Any], failpoint: Failpoint, passed: Callable[..., None]
) -> Callable[..., Any]:
    def and_before(*arguments: Any, **named: Any) -> Any:
        passed(*arguments)
        return function(*arguments, **named)

    async def and_after(*arguments: Any, **named: Any) -> Any:
        result = await function(*arguments, **named)
        passed(*arguments)
        return result

    return and_before if failpoint.moment == "before" else and_after
