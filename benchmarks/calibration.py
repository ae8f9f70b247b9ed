"""False alarms of the statistical tests: seeded layers, drawn as torch draws them, tested against their own scheme.

    python benchmarks/calibration.py [--layers 2000]

Each layer is one draw of one scheme; every test gives a p-value. Under a correct scheme, p-values below alpha come
with frequency alpha; at 1e-6, shared by all tests of the run, none may come.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import Counter

import torch
from torch import nn

from initlint.runtime.distribution import Distribution, normal, trunc_normal, uniform
from initlint.runtime.statistics import measure

LEVELS = (0.05, 0.01, 0.001, 1e-6)


def draw(index: int, chooser: random.Random) -> tuple[torch.Tensor, Distribution, str]:
    """A layer and what it was drawn from."""
    fan_in, fan_out = (round(math.exp(chooser.uniform(math.log(16), math.log(724)))) for _ in range(2))
    torch.manual_seed(index)
    weight = torch.empty(fan_out, fan_in)
    he, glorot = math.sqrt(2 / fan_in), math.sqrt(2 / (fan_in + fan_out))
    match index % 6:
        case 0:
            return nn.init.kaiming_normal_(weight), normal(0, he), "kaiming_normal"
        case 1:
            return nn.init.kaiming_uniform_(weight), uniform(-math.sqrt(3) * he, math.sqrt(3) * he), "kaiming_uniform"
        case 2:
            return nn.init.xavier_normal_(weight), normal(0, glorot), "xavier_normal"
        case 3:
            bound = math.sqrt(3) * glorot
            return nn.init.xavier_uniform_(weight), uniform(-bound, bound), "xavier_uniform"
        case 4:
            bound = 1 / math.sqrt(fan_in)
            return nn.Linear(fan_in, fan_out).weight.detach(), uniform(-bound, bound), "default"
    return nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04), trunc_normal(0, 0.02, -0.04, 0.04), "trunc_normal"


def main() -> None:
    """Count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=2000)
    count = parser.parse_args().layers
    chooser = random.Random(20240501)
    began = time.perf_counter()
    below: Counter[tuple[str, float]] = Counter()
    smallest, tests, weights, lowest_layer = 1.0, 0, 0, Counter[float]()
    for index in range(count):
        values, form, _ = draw(index, chooser)
        found = measure(values, form).tests
        weights += values.numel()
        tests += len(found)
        for test in found:
            smallest = min(smallest, test.p)
            below.update((test.name, level) for level in LEVELS if test.p < level)
        lowest = min(test.p for test in found) * len(found)
        lowest_layer.update(level for level in LEVELS if lowest < level)
    print(f"{count} layers, {weights / 1e6:.1f} M weights, {tests} tests, {time.perf_counter() - began:.1f} s\n")
    names = sorted({name for name, _ in below})
    print(f"| p below | {' | '.join(names)} | any, corrected | expected |")
    print("|---" * (len(names) + 3) + "|")
    for level in LEVELS:
        row = [str(below[name, level]) for name in names]
        print(f"| {level:g} | {' | '.join(row)} | {lowest_layer[level]} | {count * level:g} |")
    print(f"\nSmallest p of all {tests} tests: {smallest:.2g}; times {tests}: {min(1.0, smallest * tests):.2g}")


if __name__ == "__main__":
    main()
