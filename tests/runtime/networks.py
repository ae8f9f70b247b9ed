"""Small models that tests measure: sound ones of every common build, and ones with a known mistake."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def plain(init: Callable[[Tensor], object] | None, *, depth: int = 12, width: int = 64, act: type[nn.Module] = nn.ReLU):
    """A function that builds layers in series, each drawn by `init`, biases zero; torch's default without one."""

    def build() -> nn.Module:
        layers: list[nn.Module] = []
        for _ in range(depth):
            linear = nn.Linear(width, width)
            if init is not None:
                init(linear.weight)
                nn.init.zeros_(linear.bias)
            layers += [linear, act()]
        return nn.Sequential(*layers, nn.Linear(width, 10))

    return build


class Residual(nn.Module):
    """Residual blocks without normalisation; `scale` multiplies each branch."""

    def __init__(self, *, depth: int = 24, width: int = 64, scale: float = 1.0) -> None:
        """He in every branch."""
        super().__init__()
        self.stem = nn.Linear(width, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(depth)
        )
        self.head = nn.Linear(width, 10)
        self.scale = scale
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """The stream and its branches."""
        x = self.stem(x)
        for block in self.blocks:
            x = x + self.scale * block(x)
        return self.head(x)


class BasicBlock(nn.Module):
    """A residual block as in torchvision."""

    def __init__(self, width: int) -> None:
        """Two convolutions, two norms."""
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Added, then rectified, in place."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


def resnet() -> nn.Module:
    """A small residual net with torch's default initialisation, as torchvision's were for years."""
    blocks = [BasicBlock(16) for _ in range(10)]
    stem = [nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class UNet(nn.Module):
    """Encoder, decoder, skip connections joined by `cat`; no normalisation."""

    def __init__(self) -> None:
        """Three levels."""
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in ((1, 16), (16, 32), (32, 64)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in ((64, 32), (32, 16)))
        self.join = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in ((64, 32), (32, 16)))
        self.out = nn.Conv2d(16, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Down, and up again."""
        skips = []
        for index, layer in enumerate(self.down):
            x = torch.relu(layer(x))
            if index < 2:
                skips.append(x)
                x = nn.functional.max_pool2d(x, 2)
        for up, join in zip(self.up, self.join, strict=True):
            x = torch.relu(join(torch.cat([up(x), skips.pop()], dim=1)))
        return self.out(x)


class Tagger(nn.Module):
    """Embedding, LSTM, one logit for each tag."""

    def __init__(self) -> None:
        """Two layers of 32."""
        super().__init__()
        self.embed = nn.Embedding(100, 24)
        self.lstm = nn.LSTM(24, 32, num_layers=2, batch_first=True)
        self.tags = nn.Linear(32, 9)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits for each token."""
        return self.tags(self.lstm(self.embed(tokens))[0])


class Unrolled(nn.Module):
    """One cell called for each of 40 steps."""

    def __init__(self) -> None:
        """torch's default."""
        super().__init__()
        self.input, self.hidden, self.out = nn.Linear(8, 32), nn.Linear(32, 32), nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        """A tanh RNN by hand."""
        state = x.new_zeros(x.shape[0], 32)
        for step in range(40):
            state = torch.tanh(self.input(x[:, step % x.shape[1]]) + self.hidden(state))
        return self.out(state)


def encoder() -> nn.Module:
    """torch's own transformer."""
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)


class Fixup(nn.Module):
    """Residual blocks without norms, the last layer of each zero, the others scaled down (Zhang et al. 2019)."""

    def __init__(self, depth: int = 16, width: int = 48) -> None:
        """Zero head, too."""
        super().__init__()
        self.first = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.last = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, 5)
        for layer in self.first:
            nn.init.normal_(layer.weight, std=math.sqrt(2 / width) * depth**-0.5)
        for layer in (*self.last, self.head):
            nn.init.zeros_(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The stream is the input itself at first."""
        for first, last in zip(self.first, self.last, strict=True):
            x = x + last(torch.relu(first(x)))
        return self.head(x)


class HandNorm(nn.Module):
    """Twenty tiny layers, each divided by its own root mean square, written by hand."""

    def __init__(self, depth: int = 20, width: int = 48) -> None:
        """N(0, 0.01)."""
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(depth))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """rsqrt, as LLaMA does it."""
        for layer in self.layers:
            x = layer(x)
            x = torch.relu(x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-12))
        return x


def lenet() -> nn.Module:
    """Five layers at torch's default: too few for a trend."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def siren() -> nn.Module:
    """Sine activations with their own bounds (Sitzmann et al. 2020)."""

    class Sine(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sin(30 * x)

    layers: list[nn.Module] = []
    for index in range(6):
        linear = nn.Linear(2 if index == 0 else 64, 64)
        bound = 1 / 2 if index == 0 else math.sqrt(6 / 64) / 30
        nn.init.uniform_(linear.weight, -bound, bound)
        layers += [linear, Sine()]
    return nn.Sequential(*layers, nn.Linear(64, 1))


def selu() -> nn.Module:
    """LeCun normal before SELU: self-normalising at any depth."""
    return plain(lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="linear"), depth=40, act=nn.SELU)()


def generator() -> nn.Module:
    """A generator as in DCGAN, N(0, .02) and BatchNorm."""
    model = nn.Sequential(
        *(nn.ConvTranspose2d(20, 64, 4, 1, 0, bias=False), nn.BatchNorm2d(64), nn.ReLU()),
        *(nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh()),
    )
    for module in model:
        if isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.02)
    return model


SOUND: dict[str, Callable[[], nn.Module]] = {
    "resnet": resnet,
    "u-net": UNet,
    "lstm": Tagger,
    "unrolled rnn": Unrolled,
    "transformer encoder": encoder,
    "fixup": Fixup,
    "norm by hand": HandNorm,
    "lenet": lenet,
    "siren": siren,
    "selu": selu,
    "dcgan generator": generator,
    "he": plain(nn.init.kaiming_normal_, depth=30),
    "orthogonal tanh": plain(nn.init.orthogonal_, depth=20, act=nn.Tanh),
    "scaled residual": lambda: Residual(scale=24**-0.5),
}
