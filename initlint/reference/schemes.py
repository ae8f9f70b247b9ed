"""The initialisation schemes: seven families in uniform and normal form, one row each, to be compared by eye.

Convention: every variance is numerator / denominator of fans; std is its root, and the bound of a uniform is
sqrt(3) std. Fans may be numbers or symbols; an unknown one (None) makes the result None. `gain` multiplies the std.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from initlint.reference.quantity import Maybe, Quantity, over, plus, root, times

Ratio: TypeAlias = tuple[Maybe, Maybe]
Variance: TypeAlias = Callable[[Maybe, Maybe, "Options"], Ratio]

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")


@dataclass(frozen=True, slots=True)
class Options:
    """What a formula takes besides the fans; each row reads what it knows.

    `power` is gain^2, `scale` Keras' and JAX' scale, `spread` the eps or sigma of a random scheme (or the value of a
    constant), `sparsity` the fraction of zeros.
    """

    power: Quantity | None = None
    scale: Quantity = 1
    mode: str = "fan_in"
    spread: Maybe = None
    sparsity: Quantity = 0


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way of drawing a weight. `variance` gives Var W as (numerator, denominator); None where it has none.

    `distribution` is constant, uniform, normal, trunc_normal, orthogonal, identity, sparse, unknown,
    or any (variance scaling, which takes uniform, normal and truncated_normal).
    """

    name: str
    distribution: str
    formula: str
    made_for: str
    source: str
    variance: Variance | None = None

    def std(self, fan_in: Maybe, fan_out: Maybe = None, options: Options = DEFAULTS) -> Maybe:
        """The standard deviation of what is drawn, in units of the weight; see `std` of this module."""
        return None if self.variance is None else root(over(*self.variance(fan_in, fan_out, options)))

    def bound(self, fan_in: Maybe, fan_out: Maybe = None, options: Options = DEFAULTS) -> Maybe:
        """Half the width of the interval that the uniform form draws from, sqrt(3 Var W); None for other forms."""
        if self.variance is None or self.distribution not in ("uniform", "any"):
            return None
        above, below = self.variance(fan_in, fan_out, options)
        return root(over(times(3, above), below))


def chosen_fan(mode: str, fan_in: Maybe, fan_out: Maybe) -> Ratio:
    """The fan a mode names, as (numerator, denominator) of its reciprocal: 1/n, or 2/(n_in + n_out)."""
    match mode:
        case "fan_in":
            return 1, fan_in
        case "fan_out":
            return 1, fan_out
        case "fan_avg":
            return 2, plus(fan_in, fan_out)
        case "fan_geo_avg":
            return 1, root(times(fan_in, fan_out))
    raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")


def _nothing(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return 0, 1


def _uniform(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return times(options.spread, options.spread), 3


def _normal(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return times(options.spread, options.spread), 1


def _xavier(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    above, below = chosen_fan("fan_avg", fan_in, fan_out)
    return times(above, 1 if options.power is None else options.power), below


def _he(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    above, below = chosen_fan(options.mode, fan_in, fan_out)
    return times(above, 2 if options.power is None else options.power), below


def _lecun(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return 1 if options.power is None else options.power, fan_in


def _scaled(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    above, below = chosen_fan(options.mode, fan_in, fan_out)
    return times(above, options.scale), below


def _orthogonal(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return 1 if options.power is None else options.power, larger(fan_in, fan_out)


def _sparse(fan_in: Maybe, fan_out: Maybe, options: Options) -> Ratio:
    return times(options.spread, options.spread, 1 - options.sparsity), 1


def larger(left: Maybe, right: Maybe) -> Maybe:
    """The larger of two sizes; None where symbols leave it open."""
    if left is None or right is None:
        return None
    if left == right:
        return left
    if isinstance(left, int | float) and isinstance(right, int | float):
        return max(left, right)
    return None


GLOROT = "Glorot and Bengio 2010, AISTATS"
HE = "He et al. 2015, arXiv:1502.01852"
LECUN = "LeCun et al. 1998, Efficient BackProp"
SAXE = "Saxe et al. 2013, arXiv:1312.6120"

_ROWS = (
    Scheme("zeros", "constant", "W = 0", "biases; never hidden weights", "the symmetry problem", _nothing),
    Scheme("ones", "constant", "W = 1", "normalisation weights", "Ioffe and Szegedy 2015, arXiv:1502.03167", _nothing),
    Scheme("constant", "constant", "W = c", "biases", "the symmetry problem", _nothing),
    Scheme("uniform", "uniform", "U(-eps, eps)", "breaking the symmetry", "a scale of one's own choice", _uniform),
    Scheme("normal", "normal", "N(0, sigma^2)", "breaking the symmetry", "a scale of one's own choice", _normal),
    Scheme("trunc_normal", "trunc_normal", "N(0, sigma^2) cut at +-2 sigma, sigma = std / .879626",
           "breaking the symmetry without outliers", "Johnson, Kotz and Balakrishnan, sec. 13.10.1", _normal),
    Scheme("xavier_uniform", "uniform", "U(+-gain sqrt(6 / (n_in + n_out)))", "tanh and linear layers",
           f"{GLOROT}, eq. 16", _xavier),
    Scheme("xavier_normal", "normal", "N(0, gain^2 2 / (n_in + n_out))", "tanh and linear layers",
           f"{GLOROT}, eq. 12", _xavier),
    Scheme("kaiming_uniform", "uniform", "U(+-gain sqrt(3 / n)), gain sqrt(2)", "ReLU and its kin",
           f"{HE}, eqs. 10, 14, 15", _he),
    Scheme("kaiming_normal", "normal", "N(0, gain^2 / n), gain sqrt(2)", "ReLU and its kin",
           f"{HE}, eqs. 10, 14, 15", _he),
    Scheme("lecun_uniform", "uniform", "U(+-sqrt(3 / n_in))", "tanh, SELU", f"{LECUN}, eq. 16", _lecun),
    Scheme("lecun_normal", "normal", "N(0, 1 / n_in)", "tanh, SELU",
           f"{LECUN}, eq. 16; Klambauer et al. 2017, arXiv:1706.02515", _lecun),
    Scheme("variance_scaling", "any", "Var W = scale / n; the article's s is scale = 2 / s in mode fan_in",
           "any activation, through scale", "Keras and JAX, VarianceScaling", _scaled),
    Scheme("orthogonal", "orthogonal", "gain Q of a QR decomposition, W^T W = gain^2 I", "recurrent and deep layers",
           f"{SAXE}, sec. 3", _orthogonal),
    Scheme("sparse", "sparse", "N(0, sigma^2), a fraction of each column zero", "layers of wide fan-in",
           "Martens 2010, ICML", _sparse),
    Scheme("delta_orthogonal", "orthogonal", "a conv kernel zero but for its centre, which is gain Q",
           "very deep convolutions", "Xiao et al. 2018, arXiv:1806.05393, alg. 1", _orthogonal),
    Scheme("eye", "identity", "W = I", "recurrent ReLU layers", "Le et al. 2015, arXiv:1504.00941"),
    Scheme("dirac", "identity", "a conv kernel that is the identity", "residual-free convolutions",
           "Zagoruyko and Komodakis 2017, arXiv:1706.00388"),
    Scheme("empty", "unknown", "raw memory", "nothing", "torch.empty"),
    Scheme("copy", "unknown", "another tensor's values", "tied or loaded weights", "Tensor.copy_"),
    Scheme("unknown", "unknown", "not known", "-", "-"),
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {row.name: row for row in _ROWS}
"""Every scheme name that initlint speaks of, with its formula."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "zero": ("zeros",),
    "random": ("uniform", "normal"),
    "xavier": ("xavier_uniform", "xavier_normal"),
    "he": ("kaiming_uniform", "kaiming_normal"),
    "orthogonal": ("orthogonal",),
    "lecun": ("lecun_uniform", "lecun_normal"),
    "variance_scaling": ("variance_scaling",),
}
"""The seven schemes of the textbooks, each with the names of its forms."""


def std(
    name: str,
    fan_in: Maybe,
    fan_out: Maybe = None,
    *,
    gain: Quantity | None = None,
    scale: Quantity = 1,
    mode: str = "fan_in",
    spread: Maybe = None,
    sparsity: Quantity = 0,
) -> Maybe:
    """The standard deviation that scheme `name` draws with.

    Xavier gain sqrt(2/(n_in + n_out)); He gain/sqrt(n), gain sqrt(2) if none is given, n by `mode`; LeCun
    gain/sqrt(n_in); variance scaling sqrt(scale/n), n by `mode`; orthogonal gain/sqrt(max(n_in, n_out)), the root
    mean square of an entry (torch flattens a kernel: there n_in = channels x area, n_out = shape[0]); delta-orthogonal
    the same with both fans counting the area; uniform spread/sqrt(3); normal spread; sparse spread
    sqrt(1 - sparsity); constants 0.
    None where a part is unknown or the scheme draws nothing.
    """
    power = None if gain is None else gain**2
    return SCHEMES[name].std(fan_in, fan_out, Options(power, scale, mode, spread, sparsity))


def bound(
    name: str,
    fan_in: Maybe,
    fan_out: Maybe = None,
    *,
    gain: Quantity | None = None,
    scale: Quantity = 1,
    mode: str = "fan_in",
    spread: Maybe = None,
) -> Maybe:
    """The b of U(-b, b) in the uniform form of scheme `name`, sqrt(3) times its std; None for other forms.

    Xavier gain sqrt(6/(n_in + n_out)); He sqrt(6/n); LeCun sqrt(3/n_in); variance scaling sqrt(3 scale/n).
    """
    power = None if gain is None else gain**2
    return SCHEMES[name].bound(fan_in, fan_out, Options(power, scale, mode, spread))


def article_scale(s: Quantity) -> Quantity:
    """The Keras/JAX scale of a variance scaling written as Var W = 2/(n_in s): scale = 2/s, mode fan_in."""
    converted: Quantity = 2 / s
    return converted
