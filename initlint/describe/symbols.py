"""Symbolic dimensions: sums of products of named unknowns, with rational exponents, compared exactly.

`hidden * 4`, `2 / (n_in + n_out)` and `sqrt(2 / fan_in)` keep their meaning when nothing is known about the names.
An atom may carry the value that the default configuration gives it, so that a symbol still has a number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias, Union
from zlib import crc32


class Missing:
    """No value: distinct from None, which a configuration may well hold."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Atom:
    """A name that stands for an unknown. `inner` is set for a sum that had to be treated as one thing."""

    name: str
    default: Any = field(default=MISSING, compare=False)
    inner: Sym | None = field(default=None, compare=False)
    payload: Any = field(default=None, compare=False)


Monomial: TypeAlias = tuple[tuple[Atom, float], ...]  # exponents: whole or halves, so floats are exact
Number: TypeAlias = int | float
Dim: TypeAlias = Union[int, float, "Sym"]

_ONE: Monomial = ()
_COUNTED = re.compile(r"#\d+")  # what keeps two unknowns of one name apart
TERM_LIMIT = 24  # longer sums are no dimension that a person wrote


class Sym:
    """A sum of monomials. Immutable; equal when the algebra says so."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Monomial, Number]) -> None:
        self.terms = terms

    @staticmethod
    def atom(name: str, default: Any = MISSING, payload: Any = None) -> Sym:
        """A fresh unknown called `name`; `payload` is whatever its maker wants to find again."""
        return Sym({((Atom(name, default, payload=payload), 1.0),): 1})

    @property
    def single(self) -> Atom | None:
        """The atom, where the symbol is nothing else."""
        if len(self.terms) != 1:
            return None
        (monomial, coefficient), *_ = self.terms.items()
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1:
            return monomial[0][0]
        return None

    @property
    def default(self) -> Any:
        """What the default configuration makes of it, or MISSING."""
        if (atom := self.single) is not None:
            return atom.default
        total: Number = 0
        for monomial, coefficient in self.terms.items():
            value: Number = coefficient
            for atom_, exponent in monomial:
                base = atom_.inner.default if atom_.inner is not None else atom_.default
                if isinstance(base, bool) or not isinstance(base, (int, float)):
                    return MISSING
                if (base <= 0 and not exponent.is_integer()) or (base == 0 and exponent < 0):
                    return MISSING
                value *= base if exponent == 1 else base**exponent
            total += value
        return _tidy(total)

    def __add__(self, other: object) -> Any:
        right = _terms(other)
        if right is None:
            return NotImplemented
        terms = dict(self.terms)
        if len(terms) + len(right) > TERM_LIMIT:
            return _too_long(self, "+", other)
        for monomial, coefficient in right.items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _simplify(terms)

    __radd__ = __add__

    def __neg__(self) -> Any:
        return _simplify({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: object) -> Any:
        return NotImplemented if _terms(other) is None else self + (-other)  # type: ignore[operator]

    def __rsub__(self, other: object) -> Any:
        return (-self) + other

    def __mul__(self, other: object) -> Any:
        right = _terms(other)
        if right is None:
            return NotImplemented
        terms: dict[Monomial, Number] = {}
        if len(self.terms) * len(right) > TERM_LIMIT:
            return _too_long(self, "*", other)
        for left_monomial, left_coefficient in self.terms.items():
            for right_monomial, right_coefficient in right.items():
                monomial = _multiply(left_monomial, right_monomial)
                terms[monomial] = terms.get(monomial, 0) + left_coefficient * right_coefficient
        return _simplify(terms)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Any:
        if isinstance(other, (int, float)):
            return NotImplemented if other == 0 else self * (1 / other)
        return self * other**-1 if isinstance(other, Sym) else NotImplemented

    def __rtruediv__(self, other: object) -> Any:
        return self**-1 * other

    def __floordiv__(self, other: object) -> Any:
        if _terms(other) is None or other == 0:
            return NotImplemented
        quotient = self / other
        if not isinstance(quotient, Sym) or _is_integral(quotient):
            return quotient
        default = quotient.default
        floor = math.floor(default) if isinstance(default, (int, float)) else MISSING
        return Sym.atom(f"{_operand(self)} // {_operand(other)}", floor)

    def __rfloordiv__(self, other: object) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        default = self.default
        floor = other // default if isinstance(default, (int, float)) and default else MISSING
        return Sym.atom(f"{_operand(other)} // {_operand(self)}", floor)

    def __pow__(self, power: object) -> Any:
        if isinstance(power, bool) or not isinstance(power, (int, float)):
            return NotImplemented
        exponent = float(power)
        if exponent.is_integer() and 0 <= exponent <= 4:
            result: Any = 1
            for _ in range(int(exponent)):
                result = self * result
            return result
        if len(self.terms) != 1:
            factor = self._factor()
            sum_ = self if factor == 1 else _simplify({m: c / factor for m, c in self.terms.items()})
            return _simplify({((Atom(f"({sum_})", inner=sum_), exponent),): factor ** float(exponent)})
        ((monomial, coefficient),) = self.terms.items()
        if coefficient <= 0 and not exponent.is_integer():
            return Sym.atom(f"({self})**{power}")
        return _simplify({tuple((a, e * exponent) for a, e in monomial): coefficient**exponent})

    def _factor(self) -> Number:
        """What all coefficients are multiples of: 2/(a + b) is 1/(a/2 + b/2), however it was written."""
        least = min(abs(coefficient) for coefficient in self.terms.values())
        whole = all((coefficient / least).is_integer() for coefficient in self.terms.values())
        return least if whole else 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sym) or self.terms.keys() != other.terms.keys():
            return False
        return all(math.isclose(value, other.terms[key], rel_tol=1e-9) for key, value in self.terms.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.terms))

    def __bool__(self) -> bool:
        raise TypeError("the truth of a symbol is unknown; ask symbols.truth")

    def __repr__(self) -> str:
        atom = self.single  # most are
        return _format(self) if atom is None else atom.name


def number(value: object) -> float | None:
    """The number that `value` is, or has under the default configuration; else None."""
    if isinstance(value, Sym):
        value = value.default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def constant(value: object) -> float | None:
    """The number that `value` is whatever the configuration; else None."""
    return None if isinstance(value, Sym) else number(value)


def sqrt(value: Dim) -> Any:
    """The square root, symbolic where the value is."""
    return value**0.5


def shown(value: object) -> float | int | str | None:
    """How a dimension is written in JSON: a number where nothing unknown is left, else a formula."""
    if value is None or isinstance(value, (int, float, str)):
        return value
    known = number(value)
    if known is not None:
        return known
    return _COUNTED.sub("", repr(value)) if isinstance(value, Sym) else None


def told(value: object) -> str:
    """How a message says it: whole numbers in full, others with three digits, else a formula."""
    known = number(value)
    if known is None:
        return str(shown(value))
    return f"{known:.0f}" if known == int(known) else f"{known:.3g}"


def _terms(value: object) -> dict[Monomial, Number] | None:
    if isinstance(value, Sym):
        return value.terms
    if isinstance(value, (int, float)):
        return {_ONE: value}
    return None


def _too_long(left: Sym, operator: str, right: object) -> Sym:
    """One unknown for a sum that no person would write out."""
    return Sym.atom(f"long sum {crc32(f'{left} {operator} {right}'.encode()):x}")


def _multiply(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for atom, exponent in right:
        powers[atom] = powers.get(atom, 0.0) + exponent
    return tuple(sorted(((a, e) for a, e in powers.items() if e), key=lambda pair: pair[0].name))


def _simplify(terms: dict[Monomial, Number]) -> Any:
    kept = {monomial: _tidy(value) for monomial, value in terms.items() if value != 0}
    if not kept:
        return 0
    if len(kept) == 1 and _ONE in kept:
        return kept[_ONE]
    return Sym(kept)


def _tidy(value: Number) -> Number:
    """4.0 as 4: products of dimensions stay whole."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _is_integral(value: Sym) -> bool:
    return all(
        isinstance(coefficient, int) and all(e > 0 and e.is_integer() for _, e in monomial)
        for monomial, coefficient in value.terms.items()
    )


def _operand(value: object) -> str:
    text = str(value)
    return f"({text})" if " " in text and not text.startswith("(") else text


def _format(value: Sym) -> str:
    parts = [_format_term(monomial, coefficient) for monomial, coefficient in value.terms.items()]
    return " + ".join(parts).replace("+ -", "- ")


def _format_term(monomial: Monomial, coefficient: Number) -> str:
    if monomial and all((exponent * 2) % 2 == 1 for _, exponent in monomial) and coefficient > 0:
        squared = tuple((atom, exponent * 2) for atom, exponent in monomial)
        return f"sqrt({_format_term(squared, _rounded(coefficient**2))})"
    above = [_power(atom, exponent) for atom, exponent in monomial if exponent > 0]
    below = [_power(atom, -exponent) for atom, exponent in monomial if exponent < 0]
    if below and 0 < coefficient < 1 and math.isclose(1 / coefficient, round(1 / coefficient), rel_tol=1e-7):
        below.insert(0, str(round(1 / coefficient)))  # 1/(3*n), not 0.333333/n
        coefficient = 1
    if coefficient != 1 or not above:
        above.insert(0, f"{coefficient:.6g}")
    text = "*".join(above)
    if below:
        text += "/" + (below[0] if len(below) == 1 else f"({'*'.join(below)})")
    return text


def _power(atom: Atom, exponent: float) -> str:
    return atom.name if exponent == 1 else f"{atom.name}**{_tidy(exponent)}"


def _rounded(value: Number) -> Number:
    return _tidy(round(value, 9))
