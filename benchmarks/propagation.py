"""Measured signal propagation against theory: He 2015 and Glorot 2010 by depth, Poole 2016, Schoenholz 2017, Xiao 2018.

    python benchmarks/propagation.py > benchmarks/propagation.md

Everything is measured by `initlint.runtime.propagation.measure` on live models and compared with
`initlint.reference`, which computes its side by quadrature and imports no torch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from initlint.reference.correlation import relu_correlation
from initlint.reference.depth_scales import depth_scales, edge_at_length, edge_of_chaos
from initlint.runtime.propagation import measure
from initlint.runtime.propagation_report import Path

SEEDS = 5
ACTIVATIONS = {"tanh": nn.Tanh, "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU}


def chain(draw: Callable[[nn.Linear], None], depth: int, width: int, act: type[nn.Module]) -> Callable[[], nn.Module]:
    """Layers in series, and a head that is left out of the measurement."""

    def build() -> nn.Module:
        layers: list[nn.Module] = []
        for _ in range(depth):
            linear = nn.Linear(width, width)
            draw(linear)
            layers += [linear, act()]
        return nn.Sequential(*layers, nn.Linear(width, 1))

    return build


def measured(build: Callable[[], nn.Module], scale: float = 1.0) -> tuple[Path, float]:
    """The path of a chain whose inputs have second moment `scale`, and the second moment at its end."""
    width = build()[0].in_features  # type: ignore[index]

    def inputs() -> Tensor:
        return math.sqrt(scale) * torch.randn(256, width)

    report = measure(build(), inputs, seeds=SEEDS, rebuild=build, seconds=600)
    assert report.problem is None, report.problem
    assert report.trunk is not None
    end = report.layers[report.trunk.rows[-1]].moment
    assert end is not None
    return report.trunk, 2.0**end.mean


def mean_field(weight_variance: float, bias_variance: float) -> Callable[[nn.Linear], None]:
    """N(0, sw²/n) and N(0, sb²)."""

    def draw(linear: nn.Linear) -> None:
        nn.init.normal_(linear.weight, 0, math.sqrt(weight_variance / linear.in_features))
        nn.init.normal_(linear.bias, 0, math.sqrt(bias_variance))

    return draw


def without_bias(init: Callable[[Tensor], object]) -> Callable[[nn.Linear], None]:
    """A scheme of torch's, biases zero."""

    def draw(linear: nn.Linear) -> None:
        init(linear.weight)
        nn.init.zeros_(linear.bias)

    return draw


def depth_test() -> None:
    """G5: log2 of the second moment per layer, 30 ReLU layers of 512."""
    schemes: dict[str, tuple[Callable[[Tensor], object], float]] = {
        "He normal": (nn.init.kaiming_normal_, 0.0),
        "Xavier normal": (nn.init.xavier_normal_, -1.0),
        "torch's default": (lambda weight: nn.init.kaiming_uniform_(weight, a=5**0.5), -math.log2(6)),
        "N(0, 0.01²)": (lambda weight: nn.init.normal_(weight, 0, 0.01), math.log2(512e-4 / 2)),
        "N(0, 0.02²)": (lambda weight: nn.init.normal_(weight, 0, 0.02), math.log2(4 * 512e-4 / 2)),
        "orthogonal, gain 1": (nn.init.orthogonal_, -1.0),
        "orthogonal, gain √2": (lambda weight: nn.init.orthogonal_(weight, 2**0.5), 0.0),
    }
    print("## Depth test (G5): log2 of the squares per layer, 30 ReLU layers of 512, batch 256, 5 seeds\n")
    print("| scheme | theory | forward | backward | predicted | largest error |\n|---|---|---|---|---|---|")
    for name, (init, theory) in schemes.items():
        path, _ = measured(chain(without_bias(init), 30, 512, nn.ReLU))
        steps = len(path.rows) - 1
        forward, backward = path.moment[-1].mean / steps, path.gradient[0].mean / steps  # type: ignore[union-attr]
        error = max(abs(forward - theory), abs(backward - theory))
        print(
            f"| {name} | {theory:.3f} | {forward:.3f} | {backward:.3f} "
            f"| {path.predicted[-1] / steps:.3f} | {error:.3f} |"
        )  # type: ignore[operator]


def edges() -> None:
    """G10, G13, G14: on the edge of chaos the gradient keeps its size."""
    rows = [
        ("tanh", depth_scales("tanh", edge_of_chaos("tanh", bias), bias).length) for bias in (0.01, 0.04, 0.05, 0.09)
    ]
    rows += [("tanh", 1.0), ("tanh", 0.02592), ("elu", 1.107), ("gelu", 0.576), ("silu", 0.690)]
    print("\n## On the edge of chaos (G10, G13, G14): 512 wide, inputs of length q*\n")
    print("GELU and SiLU: unstable fixed points, noise grows 1.14 and 1.17 times a layer, so 8 layers.\n")
    print("| activation | sw² | sb² | q* | layers | measured q at the end | gradient, log2 per layer (theory 0) |")
    print("|---|---|---|---|---|---|---|")
    for name, length in rows:
        weight, bias = edge_at_length(name, length)
        depth = 8 if name in ("gelu", "silu") else 30
        build = chain(mean_field(weight, bias), depth, 512, ACTIVATIONS[name])
        path, end = measured(build, (length - bias) / weight)
        gradient = path.gradient[0].mean / (len(path.rows) - 1)  # type: ignore[union-attr]
        print(f"| {name} | {weight:.6g} | {bias:.4g} | {length:.4f} | {depth} | {end:.4f} | {gradient:+.3f} |")


def scales() -> None:
    """G11: depth scales of gradient and of correlation, tanh, sb² = .05."""
    print("\n## Depth scales (G11): tanh, sb² = 0.05, 40 layers of 512\n")
    print("| sw² | ξ_∇ theory | ξ_∇ measured | ξ_c theory | ξ_c measured (ordered phase) | 6 ξ_c |")
    print("|---|---|---|---|---|---|")
    for weight in (0.5, 1.0, 1.3, 1.5, 2.0, 2.5, 3.0, 4.0):
        expected = depth_scales("tanh", weight, 0.05)
        path, _ = measured(chain(mean_field(weight, 0.05), 40, 512, nn.Tanh))
        # The first layers have not reached q* yet, the last ones feel the random head.
        gradient = path.gradient[10].mean - path.gradient[35].mean  # type: ignore[union-attr]
        signal = path.signal[35].mean - path.signal[10].mean  # type: ignore[union-attr]
        found = -1 / (gradient / 25 * math.log(2))
        correlation = f"{-1 / (signal / 25 * math.log(2)):.2f}" if expected.chi < 1 else ""
        print(
            f"| {weight} | {expected.gradient_depth:.2f} | {found:.2f} | {expected.correlation_depth:.2f} "
            f"| {correlation} | {expected.trainable:.1f} |"
        )


def correlations() -> None:
    """G12: two independent inputs become alike, ReLU with He."""
    build = chain(without_bias(nn.init.kaiming_normal_), 31, 1024, nn.ReLU)
    report = measure(build(), lambda: torch.randn(256, 1024), seeds=SEEDS, rebuild=build, seconds=600)
    print("\n## Correlation of independent inputs (G12): ReLU, He, width 1024\n")
    print("| layers | theory | measured |\n|---|---|---|")
    correlation = 0.0
    for depth in range(1, 31):
        correlation = relu_correlation(correlation)
        if depth in (1, 2, 5, 10, 20, 30):
            layer = report.layers[depth]
            assert layer.signal is not None
            assert layer.moment is not None
            print(f"| {depth} | {correlation:.4f} | {1 - 2.0 ** (layer.signal.mean - layer.moment.mean):.4f} |")


if __name__ == "__main__":
    torch.set_num_threads(1)
    began = time.perf_counter()
    print("# Signal propagation: measured against theory\n")
    print("Written by `python benchmarks/propagation.py > benchmarks/propagation.md`.\n")
    for part in (depth_test, edges, scales, correlations):
        part()
    print(f"\n{time.perf_counter() - began:.0f} s on one thread, torch {torch.__version__}, float64.")
