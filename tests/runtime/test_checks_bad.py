"""Each catalogue code that the live model can confirm: found, on the line to change, and nothing else with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.check_harness import expected, said

pytestmark = pytest.mark.torch

MLP = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 10)
        {init}

    def forward(self, x):
        return self.fc3({act}(self.fc2({act}(self.fc1(x)))))
"""


def mlp(init: str, act: str = "torch.relu") -> str:
    """A plain network of three layers."""
    return MLP.format(init=init.replace("\n", "\n        "), act=act)


CASES = {
    "zero weights": mlp("for layer in (self.fc1, self.fc2, self.fc3):\n    nn.init.zeros_(layer.weight)  # INI101"),
    "one zero weight": mlp("nn.init.zeros_(self.fc2.bias)\nself.fc2.weight.data.zero_()  # INI101"),
    "constant weights": mlp(
        "for layer in (self.fc1, self.fc2, self.fc3):\n"
        "    nn.init.constant_(layer.weight, 0.01)  # INI102\n    nn.init.zeros_(layer.bias)"
    ),
    "unscaled": mlp("nn.init.normal_(self.fc2.weight)  # INI302"),
    "unscaled method": mlp("self.fc2.weight.data.normal_()  # INI302"),
    "positive": mlp("nn.init.uniform_(self.fc2.weight, 0, 0.1)  # INI303"),
    "std as mean": mlp("nn.init.normal_(self.fc2.weight, 0.02)  # INI304"),
    "variance as std": mlp("nn.init.normal_(self.fc1.weight, std=2 / 64 / 3 * 3)  # INI301"),
    "too small": mlp("nn.init.normal_(self.fc2.weight, std=0.001)  # INI305"),
    "xavier before relu": mlp("nn.init.xavier_uniform_(self.fc2.weight)  # INI201"),
    "kaiming before tanh": mlp("nn.init.kaiming_normal_(self.fc2.weight)  # INI202", "torch.tanh"),
    "kaiming before selu": mlp("nn.init.kaiming_normal_(self.fc2.weight)  # INI203", "torch.selu"),
    "selu's own gain": mlp("nn.init.kaiming_normal_(self.fc2.weight, nonlinearity='selu')  # INI203", "torch.selu"),
    "tanh's gain before relu": mlp("nn.init.kaiming_normal_(self.fc2.weight, nonlinearity='sigmoid')  # INI204"),
    "ignored slope": mlp("nn.init.kaiming_normal_(self.fc2.weight, a=0.2, nonlinearity='relu')  # INI205"),
    "cut inside one std": mlp("nn.init.trunc_normal_(self.fc3.weight, std=0.5, a=-0.2, b=0.2)  # INI306"),
    "norm from a normal": mlp("self.norm = nn.LayerNorm(4)\nnn.init.normal_(self.norm.weight, std=0.02)  # INI701"),
    "wide bias": mlp("nn.init.normal_(self.fc3.bias)  # INI702"),
    "raw parameter": mlp("self.scale = nn.Parameter(torch.empty(4))  # INI103"),
    "raw legacy": mlp("self.scale = nn.Parameter(torch.Tensor(4, 4))  # INI103"),
    "raw buffer": mlp("self.register_buffer('seen', torch.empty(4))  # INI103"),
    "equal units": mlp("self.fc3.weight.data = torch.randn(1, 128).repeat(10, 1) * 0.1  # INI807"),
    "a half copied": mlp("with torch.no_grad():\n    self.fc2.weight[64:] = self.fc2.weight[:64]  # INI807"),
    "every second unit copied": mlp("self.fc2.weight.data[1::2] = self.fc2.weight.data[::2]  # INI807"),
    "one draw twice": mlp("w = torch.randn(64, 128) / 8\nself.fc2.weight = nn.Parameter(torch.cat([w, w]))  # INI807"),
    "repeated": mlp("self.fc2.weight.data.copy_(torch.randn(64, 128).repeat(2, 1) / 8)  # INI807"),
    "dead by their bias": mlp("nn.init.kaiming_normal_(self.fc2.weight)\nself.fc2.bias.data.fill_(-15.0)  # INI805"),
    "dead by their weights": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(64, 128)
                self.fc2 = nn.Linear(128, 128)
                nn.init.normal_(self.fc2.weight, -0.05, 0.02)  # INI805
                nn.init.zeros_(self.fc2.bias)

            def forward(self, x):
                return torch.relu(self.fc2(torch.relu(self.fc1(x))))
        """,
    "dead by the bias of a norm": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(64, 128)
                self.norm = nn.BatchNorm1d(128)
                nn.init.constant_(self.norm.bias, -8.0)  # INI805
                self.fc2 = nn.Linear(128, 10)

            def forward(self, x):
                return self.fc2(torch.relu(self.norm(self.fc1(x))))
        """,
    "not finite": mlp("self.fc3.bias.data[0] = float('nan')  # INI808"),
    "fading": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(96, 96) for _ in range(10))
                for layer in self.layers:
                    nn.init.normal_(layer.weight, std=0.05)  # INI801 INI803
                    nn.init.zeros_(layer.bias)

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x).relu()
                return x
        """,
    "fading by default": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(96, 96) for _ in range(10))  # INI207 INI801 INI803

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x).relu()
                return x
        """,
    "wide before sigmoid": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.last = nn.Linear(512, 64), nn.Linear(64, 4)
                self.first.weight.data.uniform_(-3, 3)  # INI806

            def forward(self, x):
                return self.last(torch.sigmoid(self.first(x)))
        """,
    "special zero lost": """\
        class Head(nn.Linear):
            def __init__(self):
                super().__init__(16, 16)
                nn.init.zeros_(self.weight)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.head = nn.Linear(16, 16), Head()
                self.apply(self.fill)

            def fill(self, module):
                if isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, std=0.1)  # INI511

            def forward(self, x):
                return self.head(self.body(x).tanh())
        """,
    "deep copies": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                layer = nn.Linear(16, 16)
                self.blocks = nn.ModuleList(copy.deepcopy(layer) for _ in range(3))  # INI105

            def forward(self, x):
                for block in self.blocks:
                    x = x + block(x).relu()
                return x
        """,
    "encoder": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
                self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)  # INI105

            def forward(self, x):
                return self.encoder(x)
        """,
    "padding row": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(50, 16, padding_idx=0)
                nn.init.normal_(self.table.weight, std=0.1)  # INI504

            def forward(self, x):
                return self.table(x)
        """,
    "tied table": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(50, 256)  # INI508
                self.head = nn.Linear(256, 50, bias=False)
                self.head.weight = self.table.weight

            def forward(self, x):
                return self.head(self.table(x))
        """,
    "two zero factors": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.base = nn.Linear(16, 16)
                self.lora_A = nn.Linear(16, 4, bias=False)
                self.lora_B = nn.Linear(4, 16, bias=False)
                nn.init.zeros_(self.lora_A.weight)  # INI104
                nn.init.zeros_(self.lora_B.weight)  # INI104

            def forward(self, x):
                return self.base(x) + self.lora_B(self.lora_A(x))
        """,
    "lost on weight norm": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.utils.parametrizations.weight_norm(nn.Linear(16, 8))
                nn.init.orthogonal_(self.fc.weight)  # INI506

            def forward(self, x):
                return self.fc(x)
        """,
    "lost twice on two weight norms": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one = nn.utils.parametrizations.weight_norm(nn.Linear(16, 8))
                self.two = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
                nn.init.orthogonal_(self.one.weight)
                nn.init.normal_(self.one.weight)  # INI506
                nn.init.orthogonal_(self.two.weight)  # INI506

            def forward(self, x):
                return self.two(self.one(x))
        """,
    "seeded anew": """\
        class Layer(nn.Linear):
            def reset_parameters(self):
                torch.manual_seed(0)  # INI108
                super().reset_parameters()

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two, self.three = Layer(16, 16), Layer(16, 16), nn.Linear(16, 16)

            def forward(self, x):
                return self.three(self.two(self.one(x)).relu())
        """,
    "repeated module": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = nn.ModuleList([nn.Linear(16, 16)] * 3)  # INI106

            def forward(self, x):
                for block in self.blocks:
                    x = x + block(x).relu()
                return x
        """,
    "no identity": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.base = nn.Linear(16, 16)
                self.lora_A = nn.Linear(16, 4, bias=False)
                self.lora_B = nn.Linear(4, 16, bias=False)
                nn.init.normal_(self.lora_A.weight, std=0.3)
                nn.init.normal_(self.lora_B.weight, std=0.3)  # INI109

            def forward(self, x):
                return self.base(x) + self.lora_B(self.lora_A(x))
        """,
    "dead init": mlp(
        "self.scale = (lambda: 2.0) if self.training else None\n"
        "nn.init.kaiming_normal_(self.fc2.weight)  # INI509\nnn.init.kaiming_uniform_(self.fc2.weight)"
    ),
    "deferred, half done": """\
        class Inner(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(16, 16)
                self.gate = nn.Parameter(torch.zeros(16))  # INI513
                self.register_buffer('angles', torch.arange(16) / 16)  # INI513

            def forward(self, x):
                return x + self.gate * self.fc(x) * torch.cos(self.angles)

        def Net():
            with torch.device('meta'):
                net = Inner()
            net.to_empty(device='cpu')
            net.fc.reset_parameters()
            return net
        """,
    "wrong numbers for the record": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(64, 64)
                nn.init.normal_(self.fc.weight, std=0.1)  # INI809
                self.fc.weight.numel() and self.fc.weight.detach().numpy().__imul__(2) if _real(self) else None

            def forward(self, x):
                return self.fc(x)

        def _real(module):
            return type(module.fc.weight.data).__name__ == 'Tensor' and module.fc.weight.device.type == 'cpu'
        """,
    "rectifier's gain, nothing after": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(64, 64) for _ in range(3))
                for layer in self.layers:
                    nn.init.kaiming_normal_(layer.weight)  # INI209

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x
        """,
    "init on a copy": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(16, 8)
                nn.init.normal_(self.fc.weight.clone(), std=0.1)  # INI507

            def forward(self, x):
                return self.fc(x)
        """,
    "transposed fan": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.matrix = nn.Parameter(torch.empty(64, 16))
                nn.init.kaiming_uniform_(self.matrix)  # INI401

            def forward(self, x):
                return (x @ self.matrix).relu()
        """,
    "transposed convolution": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.up = nn.ConvTranspose2d(8, 16, 3)
                nn.init.kaiming_normal_(self.up.weight)  # INI402

            def forward(self, x):
                return self.up(x).relu()
        """,
    "depthwise fan_out": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(16, 16, 3, groups=16)
                nn.init.kaiming_normal_(self.conv.weight, mode='fan_out')  # INI403

            def forward(self, x):
                return self.conv(x).relu()
        """,
    "packed projection": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
                nn.init.xavier_normal_(self.attention.in_proj_weight)  # INI404

            def forward(self, x):
                return self.attention(x, x, x)[0]
        """,
    "orthogonal over gates": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = nn.LSTM(16, 16, batch_first=True)
                nn.init.orthogonal_(self.lstm.weight_hh_l0)  # INI208

            def forward(self, x):
                return self.lstm(x)[0]
        """,
    "forget bias twice": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = nn.LSTM(16, 16, batch_first=True)
                for name, bias in self.lstm.named_parameters():
                    if 'bias' in name:
                        bias.data[16:32].fill_(1.0)  # INI703

            def forward(self, x):
                return self.lstm(x)[0]
        """,
    "equal shards": """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(32, 16)
                for shard in self.fc.weight.data.chunk(2):
                    torch.manual_seed(0)
                    shard.normal_(0, 0.2)  # INI811

            def forward(self, x):
                return self.fc(x)
        """,
}


@pytest.mark.parametrize("case", CASES)
def test_found(case: str, tmp_path: Path) -> None:
    """The marked lines are found, each with its code, and nothing else."""
    assert expected(CASES[case]) == said(tmp_path, CASES[case])
