"""What the formulas compute with: numbers, or symbols standing for dimensions not known until run time."""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol, TypeAlias, cast


class Symbol(Protocol):
    """A symbolic dimension: what the formulas ask of it is `+ - * / // **` with numbers and its like."""

    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __floordiv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...


Quantity: TypeAlias = int | float | Symbol
Maybe: TypeAlias = Quantity | None


class Missing(Enum):
    """Marks that are no values: an argument without a default, and a value nobody can tell."""

    REQUIRED = "required"
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return self.name


REQUIRED = Missing.REQUIRED
UNKNOWN = Missing.UNKNOWN


def is_number(value: object) -> bool:
    """Whether `value` is an ordinary number (a bool is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def known(value: Any) -> Any:
    """`value`, with the unknown as None."""
    return None if isinstance(value, Missing) else value


def times(*values: Maybe) -> Maybe:
    """The product; None when a factor is unknown. Factors of exactly 1 leave no trace in a symbol."""
    result: Quantity = 1
    for value in values:
        if value is None:
            return None
        if is_number(value) and value == 1:
            continue
        result = value if is_number(result) and result == 1 else result * value
    return result


def plus(left: Maybe, right: Maybe) -> Maybe:
    """The sum; None when a term is unknown."""
    return None if left is None or right is None else left + right


def over(value: Maybe, divisor: Maybe) -> Maybe:
    """The true quotient; None when a part is unknown, or there is nothing to divide by: a layer without inputs."""
    if value is None or divisor is None or (is_number(divisor) and divisor == 0):
        return None
    return value if is_number(divisor) and divisor == 1 else value / divisor


def split(value: Maybe, parts: Maybe) -> Maybe:
    """`value // parts`, for sizes that torch itself divides so; None when a part is unknown, or there are no parts."""
    if value is None or parts is None or (is_number(parts) and parts == 0):
        return None
    if is_number(parts) and parts == 1:
        return value
    quotient: Quantity = cast("Any", value) // parts
    return quotient


def root(value: Maybe) -> Maybe:
    """The square root; None when the value is unknown."""
    return None if value is None else value**0.5


def product_over(value: Any, rank: int) -> Maybe:
    """The product of a per-axis argument (kernel_size, stride) of `rank` axes: one number for all, or one for each."""
    value = known(value)
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, tuple | list):
        return times(*(known(part) for part in value))
    return times(*[value] * rank)


def axes(value: Any, rank: int) -> tuple[Maybe, ...]:
    """A per-axis argument spelt out, one entry an axis."""
    value = known(value)
    if isinstance(value, tuple | list):
        return tuple(known(part) for part in value)
    return (value,) * rank
