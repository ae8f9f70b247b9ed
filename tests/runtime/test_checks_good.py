"""Legitimate code that looks wrong: no error, no warning, from any check of the live model."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from initlint.finding import Severity
from initlint.runtime.checks import remarks
from tests.runtime.check_harness import examined

pytestmark = pytest.mark.torch
ADVICE = {"INI208", "INI209", "INI402", "INI404", "INI703"}


class ZeroHead(nn.Module):
    """A policy or box head that starts at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(16, 32), nn.Linear(32, 4)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.body(x)))


class Lora(nn.Module):
    """One zero factor."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(16, 16)
        self.lora_A = nn.Parameter(torch.empty(4, 16))
        self.lora_B = nn.Parameter(torch.zeros(16, 4))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + x @ self.lora_A.t() @ self.lora_B.t()


class AdaLayerNormZero(nn.Module):
    """DiT's block: zero modulation, zero final layer."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(16, elementwise_affine=False)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(16, 48))
        self.fc1, self.fc2, self.final = nn.Linear(16, 32), nn.Linear(32, 16), nn.Linear(16, 16)
        for layer in (self.modulation[1], self.final):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shift, scale, gate = self.modulation(x).chunk(3, -1)
        h = self.norm(x) * (1 + scale) + shift
        x = x + gate * self.fc2(functional.gelu(self.fc1(h)))
        return self.final(x)


class ZeroInitResidual(nn.Module):
    """zero_init_residual: the last norm of a branch starts at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(16, 16), nn.Linear(16, 16)
        self.n1, self.n2 = nn.BatchNorm1d(16), nn.BatchNorm1d(16)
        nn.init.zeros_(self.n2.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.n2(self.fc2(torch.relu(self.n1(self.fc1(x)))))


class ReZero(nn.Module):
    """A residual scalar of zero, and a layer scale of 1e-6."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 16)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.gamma = nn.Parameter(1e-6 * torch.ones(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.alpha * self.gamma * torch.relu(self.fc(x))


class FocalHead(nn.Module):
    """The prior of a detector's classification head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.cls = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 4, 1)
        nn.init.normal_(self.cls.weight, std=0.01)
        nn.init.constant_(self.cls.bias, -math.log(99))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cls(torch.relu(self.conv(x)))


class TransformerBlock(nn.Module):
    """Pre-norm, trunc_normal .02 everywhere, Xavier before GELU, GPT-2's residual scale as a second write."""

    def __init__(self) -> None:
        super().__init__()
        self.pos = nn.Parameter(torch.zeros(1, 5, 32))
        self.cls = nn.Parameter(torch.zeros(1, 1, 32))
        self.norm1, self.norm2 = nn.LayerNorm(32), nn.LayerNorm(32)
        self.qkv, self.proj = nn.Linear(32, 96), nn.Linear(32, 32)
        self.fc1, self.fc2 = nn.Linear(32, 128), nn.Linear(128, 32)
        nn.init.trunc_normal_(self.pos, std=0.02)
        self.apply(self._init)
        for name, weight in self.named_parameters():
            if name.endswith("fc2.weight"):
                nn.init.normal_(weight, std=0.02 / math.sqrt(24))
        nn.init.xavier_uniform_(self.fc1.weight)

    def _init(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, :4, :32] + self.pos[:, :4] + self.cls
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        x = x + self.proj(functional.scaled_dot_product_attention(q, k, v))
        return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))


class Equalised(nn.Module):
    """N(0, 1) scaled at every use."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(functional.linear(x[:, :64], self.weight * math.sqrt(2 / 64)))


class EqualisedLinear(nn.Linear):
    """The same inside a Linear."""

    def __init__(self, wide: int, out: int) -> None:
        super().__init__(wide, out)
        nn.init.normal_(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight * math.sqrt(2 / 64), self.bias)


class Siren(nn.Module):
    """U(+-1/n) in the first layer, U(+-sqrt(6/n)/30) in the next."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(3, 64), nn.Linear(64, 64), nn.Linear(64, 1)
        nn.init.uniform_(self.first.weight, -1 / 3, 1 / 3)
        for layer in (self.second, self.last):
            nn.init.uniform_(layer.weight, -math.sqrt(6 / 64) / 30, math.sqrt(6 / 64) / 30)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.sin(30 * self.second(torch.sin(30 * self.first(x)))))


class Upsampling(nn.Module):
    """Bilinear transposed convolution, Dirac, and a convolution for a pixel shuffle (ICNR)."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=4, bias=False)
        ramp = torch.tensor([0.25, 0.75, 0.75, 0.25])
        self.up.weight.data.copy_((ramp[:, None] * ramp[None]).expand(4, 1, 4, 4))
        self.same = nn.Conv2d(4, 4, 3, padding=1)
        nn.init.dirac_(self.same.weight)
        self.fine = nn.Conv2d(4, 16, 3, padding=1)
        kernel = nn.init.kaiming_normal_(torch.empty(4, 4, 3, 3))
        self.fine.weight.data.copy_(kernel.repeat_interleave(4, 0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(self.fine(self.same(self.up(x))), 2)


class Target(nn.Module):
    """A target network starts as a copy on purpose; clones that are drawn again are no copies."""

    def __init__(self) -> None:
        super().__init__()
        self.online = nn.Linear(16, 16)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.experts = nn.ModuleList(copy.deepcopy(self.online) for _ in range(3))
        for expert in self.experts:
            expert.reset_parameters()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.online(x) + self.target(x) + sum(expert(x) for expert in self.experts)


class Filled(nn.Module):
    """Memory filled by the owner, through views, and by parts."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(3, 16, 16))
        for part in self.w:
            nn.init.xavier_uniform_(part)
        self.packed = nn.Parameter(torch.empty(48, 16))
        for part in self.packed.chunk(3):
            nn.init.xavier_uniform_(part)
        self.table = nn.Embedding(10, 16, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.02)
        with torch.no_grad():
            self.table.weight[0].zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bi,eio->bo", x, self.w) + (x @ self.packed.t())[:, :16] + self.table.weight[1]


class Recurrent(nn.Module):
    """Per-gate orthogonal, one forget bias."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 16, batch_first=True)
        for gate in self.lstm.weight_hh_l0.chunk(4):
            nn.init.orthogonal_(gate)
        self.lstm.bias_ih_l0.data[16:32].fill_(1)
        self.lstm.bias_hh_l0.data.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


class Gan(nn.Module):
    """DCGAN: N(0, .02) and N(1, .02)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm, self.conv2 = nn.Conv2d(3, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.Conv2d(16, 1, 4)
        nn.init.normal_(self.conv1.weight, 0.0, 0.02)
        nn.init.normal_(self.norm.weight, 1.0, 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv2(functional.leaky_relu(self.norm(self.conv1(x)), 0.2))


class Rl(nn.Module):
    """Orthogonal with gain sqrt 2 and .01, as policy gradients use it."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.policy, self.value = nn.Linear(16, 64), nn.Linear(64, 4), nn.Linear(64, 1)
        for layer, gain in ((self.body, math.sqrt(2)), (self.policy, 0.01), (self.value, 1.0)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = torch.tanh(self.body(x))
        return self.policy(h), self.value(h)


class Disguised(nn.Module):
    """caffe2's Xavier and torch's own default, copied."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 8, 3)
        nn.init.kaiming_uniform_(self.a.weight, a=1)
        nn.init.kaiming_uniform_(self.b.weight, a=math.sqrt(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))


class Transposed(nn.Module):
    """A matrix stored (in, out), whose transpose was given to the init."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.empty(16, 64))
        self.down = nn.Parameter(torch.empty(64, 16))
        nn.init.kaiming_normal_(self.up.t(), nonlinearity="relu")
        nn.init.kaiming_uniform_(self.down.t(), a=0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.leaky_relu((x @ self.up).relu() @ self.down, 0.2)


class ScaledHead(nn.Module):
    """T5: a table at N(0, 1) is the head too, and the state is scaled down before it."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(40, 64), nn.Linear(64, 40, bias=False)
        self.head.weight = self.table.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.table(x) / 64)


class HandWrittenNorm(nn.Module):
    """Gemma's norm, which scales by 1 + weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, (16,)) * (1 + self.weight)


class OnePlusWeight(nn.Module):
    """A norm by hand that starts at zero; clones whose weights, but not whose biases, are drawn again."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = HandWrittenNorm()
        layer = nn.Linear(16, 16)
        self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(2))
        for one in self.layers:
            nn.init.xavier_uniform_(one.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + layer(self.norm(x))
        return x


class Weird(nn.Module):
    """.normal_().fmod_(2).mul_(s) is a truncated normal; weight norm first initialised, then wrapped."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 16)
        self.fc.weight.data.normal_().fmod_(2).mul_(0.3)
        self.wrapped = nn.Linear(16, 8)
        nn.init.kaiming_normal_(self.wrapped.weight)
        self.wrapped = nn.utils.parametrizations.weight_norm(self.wrapped)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.wrapped(torch.relu(self.fc(x)))


class CopiedRows(nn.Module):
    """Copies that do no harm by being equal, or are undone: new classes, tokens, an output that starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(16, 32)
        self.tokens.weight.data.copy_(torch.randn(8, 32).repeat(2, 1) * 0.02)
        self.body, self.fc, self.head = nn.Linear(32, 64), nn.Linear(64, 64), nn.Linear(64, 8)
        self.doubled, self.taken_back = nn.Linear(64, 64), nn.Linear(64, 64)
        with torch.no_grad():
            self.fc.weight[60:] = self.fc.weight[:4]
            self.doubled.weight[32:] = self.doubled.weight[:32]
            self.doubled.bias[32:] = self.doubled.bias[:32]
            self.taken_back.weight[:, 32:] = -self.taken_back.weight[:, :32]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.fc(torch.relu(self.body(self.tokens(tokens)))))
        return self.head(x + self.taken_back(torch.relu(self.doubled(x))))


class CopiedKernels(nn.Module):
    """ICNR with a hand-written shuffle, groups of equal kernels, and an input that is doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.doubled = nn.Conv2d(6, 16, 3, padding=1)
        self.grouped = nn.Conv2d(16, 16, 3, padding=1, groups=2)
        self.up = nn.Conv2d(16, 16, 3, padding=1)
        with torch.no_grad():
            self.doubled.weight[:, 3:] = self.doubled.weight[:, :3]
            self.grouped.weight[8:] = self.grouped.weight[:8]
            self.up.weight.copy_(self.up.weight[:4].clone().repeat_interleave(4, 0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.up(torch.relu(self.grouped(torch.relu(self.doubled(x)))))
        batch, _, height, width = x.shape
        x = x.view(batch, 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
        return x.reshape(batch, 4, 2 * height, 2 * width)


GOOD: tuple[Callable[[], nn.Module], ...] = (
    ZeroHead, Lora, AdaLayerNormZero, ZeroInitResidual, ReZero, FocalHead, TransformerBlock, Equalised, Siren,
    Upsampling, CopiedRows, CopiedKernels, Target, Filled, Recurrent, Gan, ScaledHead, OnePlusWeight, Rl, Disguised,
    Weird, Transposed,
    lambda: nn.Sequential(EqualisedLinear(64, 64), nn.ReLU(), EqualisedLinear(64, 64), nn.ReLU(), nn.Linear(64, 4)),
    lambda: nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4)),
    lambda: nn.MultiheadAttention(16, 2), lambda: nn.LSTM(16, 16),
    lambda: nn.Transformer(16, 2, 1, 1, 32),
)  # fmt: skip


@pytest.mark.parametrize("build", GOOD, ids=lambda build: getattr(build, "__name__", "model"))
@pytest.mark.filterwarnings("ignore")
def test_silent(build: Callable[[], nn.Module]) -> None:
    """Nothing graver than advice."""
    found = [r for r in remarks(examined(build), 1e-6) if r.code not in ADVICE and r.severity is not Severity.INFO]

    assert [] == found
