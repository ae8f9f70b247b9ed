"""Small models with one mistake each, as people write them: what `fixes.py` repairs and trains."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody writes it


class DeepXavierMLP(nn.Module):
    def __init__(self, width=128, depth=10):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64 if i == 0 else width, width) for i in range(depth)])
        self.head = nn.Linear(width, 10)
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.head(x)


class PlainConvNet(nn.Module):
    """Eight convolutions at torch's default."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1, stride=2), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1, stride=2), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class ZeroedMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 10)
        nn.init.zeros_(self.fc1.weight)
        nn.init.zeros_(self.fc2.weight)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class ConstantMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)
        nn.init.constant_(self.fc1.weight, 0.01)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


class StandardNormalMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(64, 128))
        self.w2 = nn.Parameter(torch.randn(128, 128))
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        x = torch.tanh(x @ self.w1)
        x = torch.tanh(x @ self.w2)
        return self.head(x)


class PositiveUniformNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Linear(16, 10)
        nn.init.uniform_(self.conv1.weight)
        nn.init.uniform_(self.conv2.weight)

    def forward(self, x):
        x = torch.tanh(self.conv1(x))
        x = torch.tanh(self.conv2(x))
        return self.head(x.mean((2, 3)))


class StdAsMeanNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 10)
        self.apply(self._init)

    def _init(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.05)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class KaimingTanh(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64 if i == 0 else width, width) for i in range(8)])
        self.head = nn.Linear(width, 10)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.head(x)


class KaimingSelu(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64 if i == 0 else width, width) for i in range(8)])
        self.head = nn.Linear(width, 10)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = F.selu(layer(x))
        return self.head(x)


class NormScaleConvNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(width)
        self.head = nn.Linear(width, 10)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        return self.head(x.mean((2, 3)))


class RepeatedBlocks(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.first = nn.Linear(64, width)
        self.blocks = nn.Sequential(*[nn.Sequential(nn.Linear(width, width), nn.Tanh())] * 4)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.blocks(torch.tanh(self.first(x))))


class VarianceAsStd(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64 if i == 0 else width, width) for i in range(4)])
        self.head = nn.Linear(width, 10)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=2 / layer.in_features)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)


class XavierRecurrent(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.LSTM(16, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)
        for name, parameter in self.rnn.named_parameters():
            if "weight_hh" in name:
                nn.init.xavier_uniform_(parameter)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1])


class TransposedFan(nn.Module):
    def __init__(self, width=512):
        super().__init__()
        self.up = nn.Parameter(torch.empty(32, width))
        self.down = nn.Parameter(torch.empty(width, 32))
        self.head = nn.Linear(32, 10)
        nn.init.kaiming_normal_(self.up, nonlinearity="relu")
        nn.init.kaiming_normal_(self.down, nonlinearity="relu")

    def forward(self, x):
        x = torch.relu(x @ self.up)
        return self.head(torch.relu(x @ self.down))


class LiteralStd(nn.Module):
    def __init__(self, width=256):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64 if i == 0 else width, width) for i in range(6)])
        self.head = nn.Linear(width, 10)
        bound = math.sqrt(3) * 0.001
        for layer in self.layers:
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
        return self.head(x)
