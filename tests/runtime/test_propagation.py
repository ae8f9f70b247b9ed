"""The signal of live models, against theory and against what is known of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from math import log2
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from initlint.runtime.propagation import measure
from initlint.runtime.verdicts import judge
from tests.runtime.networks import SOUND, Residual, plain

pytestmark = pytest.mark.torch
SPECS = Path(__file__).parents[2] / "fixtures" / "specs"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small models gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def codes(model: nn.Module, *args: object, **more: object) -> list[str]:
    """The codes that a measured model is judged with."""
    report = measure(model, *args, **more)  # type: ignore[arg-type]
    assert report.problem is None, report.problem
    return [verdict.code for verdict in judge(report)]


def std(value: float) -> Callable[[Tensor], Tensor]:
    """N(0, value²)."""
    return lambda weight: nn.init.normal_(weight, 0.0, value)


# log2 of the second moment per layer, width 512, 30 ReLU layers: sw²/2 with sw² = 512 Var W.
DEPTH = {
    "He": (nn.init.kaiming_normal_, 0.0),
    "Xavier": (nn.init.xavier_normal_, -1.0),
    "torch's default": (lambda weight: nn.init.kaiming_uniform_(weight, a=5**0.5), -2.584963),
    "N(0, .01²)": (std(0.01), -5.287712),
    "N(0, .02²)": (std(0.02), -3.287712),
    "orthogonal": (nn.init.orthogonal_, -1.0),
    "orthogonal, gain sqrt 2": (lambda weight: nn.init.orthogonal_(weight, 2**0.5), 0.0),
}


@pytest.mark.parametrize("name", DEPTH)
def test_depth_agrees_with_theory(name: str) -> None:
    """Measured gain per layer, forward and backward, lies within .05 of theory; so does the prediction."""
    init, expected = DEPTH[name]
    build = plain(init, depth=30, width=512)
    report = measure(build(), seeds=4, rebuild=build)
    path = report.trunk
    assert path is not None
    layers = len(path.rows) - 1
    forward, backward = path.moment[-1], path.gradient[0]
    assert forward is not None
    assert backward is not None

    assert layers == 29
    assert forward.mean / layers == pytest.approx(expected, abs=0.05)
    assert backward.mean / layers == pytest.approx(expected, abs=0.05)
    assert path.predicted[-1] == pytest.approx(expected * layers, abs=0.02 * layers)
    assert path.predicted_gradient[0] == pytest.approx(expected * layers, abs=0.02 * layers)


@pytest.mark.parametrize("name", SOUND)
def test_sound_models_are_silent(name: str) -> None:
    """No verdict on a model that is built as it should be."""
    build = SOUND[name]

    assert codes(build(), rebuild=build) == []


@pytest.mark.parametrize(
    "config",
    [
        "BertForMaskedLM",
        "GPT2LMHeadModel",
        "LlamaForCausalLM",
        "ViTForImageClassification",
        "T5ForConditionalGeneration",
    ],
)
def test_transformers_are_silent(config: str) -> None:
    """Small configurations of the usual transformers, inputs guessed from the configuration."""
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96}
    settings = {
        "BertForMaskedLM": ("BertConfig", {"vocab_size": 200, **sizes}),
        "GPT2LMHeadModel": ("GPT2Config", {"vocab_size": 200, "n_embd": 48, "n_layer": 3, "n_head": 4}),
        "LlamaForCausalLM": ("LlamaConfig", {"vocab_size": 200, **sizes}),
        "ViTForImageClassification": ("ViTConfig", {"image_size": 32, "patch_size": 8, **sizes}),
        "T5ForConditionalGeneration": ("T5Config", {"vocab_size": 200, "d_model": 48, "num_layers": 2, "num_heads": 4}),
    }
    name, keywords = settings[config]
    model = getattr(transformers, config)(getattr(transformers, name)(**keywords))

    assert codes(model, seeds=2) == []


def spec(stem: str) -> ModuleType:
    """A module of fixtures/specs."""
    found = importlib.util.spec_from_file_location(stem, SPECS / f"{stem}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("vanishing_gradient", ["INI801", "INI803"]),
        ("exploding_gradient", ["INI802", "INI804"]),
        ("vanishing_gradient_cured", []),
        ("exploding_gradient_cured", []),
        ("slow_convergence_cured", []),
    ],
)
def test_the_articles_problems(stem: str, expected: list[str]) -> None:
    """Each problem of the article is found on its model, and its cured twin is silent."""
    build = spec(stem).Deep

    assert codes(build(), rebuild=build) == expected


def test_verdict_names_layer_factor_and_theory() -> None:
    """The message says where it starts, the factor per layer and what theory says."""
    build = spec("vanishing_gradient").Deep
    verdicts = judge(measure(build(), rebuild=build))

    assert [verdict.layer for verdict in verdicts] == ["layers.2", "layers.20"]
    assert "multiplied by 0.15 per layer from `layers.2` on" in verdicts[0].message
    assert "theory predicts 0.16 per layer" in verdicts[0].message


def test_default_biases_do_not_hide_a_fading_signal() -> None:
    """torch's default biases keep the second moment up; what tells inputs apart fades all the same."""
    build = plain(None, depth=20)
    report = measure(build(), rebuild=build)
    path = report.trunk
    assert path is not None
    moment, signal = path.moment[-1], path.signal[-1]
    assert moment is not None
    assert signal is not None

    assert moment.mean > -20
    assert signal.mean < -40
    assert [verdict.code for verdict in judge(report)] == ["INI801", "INI803"]


def test_unnormalised_residual_stream_explodes() -> None:
    """He in every branch and no norm: each addition multiplies the second moment by 1 + 2 (the branch has one ReLU)."""
    report = measure(Residual(), seeds=2)
    path = report.trunk
    assert path is not None
    kinds = [report.layers[row].kind for row in path.rows]

    assert kinds == ["Linear"] + ["add"] * 24
    assert path.predicted[-1] == pytest.approx(24 * log2(3), abs=1.5)
    assert [verdict.code for verdict in judge(report)] == ["INI802", "INI804"]


def test_sigmoid_loses_the_gradient() -> None:
    """Xavier does not save ten sigmoid layers: the slope is at most a quarter."""
    build = plain(nn.init.xavier_normal_, depth=10, act=nn.Sigmoid)

    assert codes(build(), rebuild=build) == ["INI801", "INI803"]


def test_tanh_hides_large_weights_from_the_activations_only() -> None:
    """With weights four times too large tanh saturates nowhere beyond 1, but the gradient grows."""
    build = plain(lambda weight: nn.init.normal_(weight, 0, 4 / weight.shape[1] ** 0.5), depth=16, act=nn.Tanh)

    assert "INI804" in codes(build(), rebuild=build)


def test_overflow_is_told() -> None:
    """What leaves float32's range is an explosion even on the shortest path."""
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    with torch.no_grad():
        for layer in (model[0], model[2]):
            layer.weight.fill_(1e30)

    assert "INI802" in codes(model)


def test_reused_module_has_a_row_for_each_call() -> None:
    """A layer called five times is five layers deep."""

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.out = nn.Linear(32, 32), nn.Linear(32, 2)

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(5):
                x = torch.relu(self.cell(x))
            return self.out(x)

    report = measure(Loop())

    assert [(layer.name, layer.call) for layer in report.layers[:5]] == [("cell", call) for call in range(5)]
    assert report.layers[4].label == "cell (call 5)"
    assert report.trunk is not None
    assert report.trunk.rows == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (nn.ReLU(inplace=True), ("relu",)),
        (nn.Sequential(nn.BatchNorm1d(16), nn.GELU()), ("BatchNorm1d", "gelu")),
        (nn.Sequential(nn.Dropout(0.5), nn.LeakyReLU(0.2)), ("leaky_relu",)),
        (nn.Identity(), ()),
    ],
)
def test_what_follows_a_layer(after: nn.Module, expected: tuple[str, ...]) -> None:
    """Activations and norms behind a layer are named in order; dropout is nothing."""
    report = measure(nn.Sequential(nn.Linear(16, 16), after, nn.Linear(16, 2)), seeds=1)

    assert report.layers[0].follows == expected


def test_a_users_activation_is_integrated() -> None:
    """Theory holds for a function that only the user has."""

    class Squeeze(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x / (1 + x.abs()) ** 0.5

    build = plain(nn.init.xavier_normal_, depth=10, width=256, act=Squeeze)
    report = measure(build(), seeds=3, rebuild=build)
    path = report.trunk
    assert path is not None
    assert path.moment[-1] is not None

    assert report.layers[0].follows == ("Squeeze",)
    assert path.predicted[-1] == pytest.approx(path.moment[-1].mean, abs=0.05 * 9)


def test_convolutions_with_padding_and_pooling() -> None:
    """The taps that meet zero padding are left out, and pooling is no layer's gain."""
    layers: list[nn.Module] = []
    for index in range(6):
        conv = nn.Conv2d(3 if index == 0 else 64, 64, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
        layers += [conv, nn.ReLU(), *([nn.AvgPool2d(2)] if index in (1, 3) else [])]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 8 * 8, 10))
    report = measure(model, seeds=2)
    path = report.trunk
    assert path is not None
    assert path.moment[-1] is not None

    assert len(path.rows) == 6
    assert path.predicted[-1] == pytest.approx(path.moment[-1].mean, abs=0.1 * 5)
    assert judge(report) == ()


def test_dead_units_are_counted() -> None:
    """A bias far below zero kills every unit of the layer."""
    model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 2))
    with torch.no_grad():
        model[0].bias.fill_(-50.0)
    report = measure(model)

    assert (report.layers[0].dead, report.layers[0].units) == (1.0, 64)
    assert [verdict.code for verdict in judge(report)] == ["INI805"]


def test_saturated_units_are_counted() -> None:
    """N(0, 1) and a fan-in of 512: 84 % of the sigmoids lie outside [.01, .99]."""
    model = nn.Sequential(nn.Linear(512, 256), nn.Sigmoid(), nn.Linear(256, 2))
    nn.init.normal_(model[0].weight)
    report = measure(model)

    assert report.layers[0].saturated == pytest.approx(0.84, abs=0.01)
    assert [verdict.code for verdict in judge(report)] == ["INI806"]


def test_a_focal_prior_is_not_saturated() -> None:
    """A bias that holds the sigmoid near .01 is meant so."""
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 20), nn.Sigmoid())
    nn.init.normal_(model[2].weight, std=0.01)
    nn.init.constant_(model[2].bias, -4.6)

    assert codes(model) == []


def test_tied_table_as_head_starts_with_an_absurd_loss() -> None:
    """An Embedding left at N(0, 1) and shared with the head: the loss is far above ln V."""

    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.norm = nn.Embedding(500, 128), nn.LayerNorm(128)
            self.head = nn.Linear(128, 500, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, tokens: Tensor) -> Tensor:
            return self.head(self.norm(self.embed(tokens)))

    report = measure(Language(), seeds=1)
    found = report.classification
    assert found is not None

    assert found.classes == 500
    assert found.excess > 10
    assert [verdict.code for verdict in judge(report)] == ["INI812"]


def test_the_model_is_left_as_it_was() -> None:
    """Weights, statistics of norms, modes, gradients, hooks and the random state survive a measurement."""
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    measure(model)

    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module.training or module._forward_hooks for module in model.modules())
    assert all(value.grad is None for value in model.parameters())
    assert torch.get_default_dtype() == torch.float32


def test_a_model_that_cannot_be_copied_is_measured_in_place() -> None:
    """A failing deep copy costs precision, not the measurement."""

    class Single(nn.Sequential):
        def __deepcopy__(self, memo: object) -> Single:
            raise RuntimeError("one of a kind")

    model = Single(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    report = measure(model)

    assert report.problem is None
    assert report.dtype == "as built"
    assert torch.equal(torch.zeros(8), model[1].running_mean)
    assert {str(value.dtype) for value in model.parameters()} == {"torch.float32"}


def test_a_model_for_single_precision_only_is_measured_so() -> None:
    """What refuses float64 is measured in float32."""

    class Single(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            if x.dtype == torch.float64:
                raise TypeError("no double precision here")
            return self.layer(x)

    report = measure(Single())

    assert (report.problem, report.dtype) == (None, "as built")


def test_reparametrised_layers_are_layers() -> None:
    """The weight that parametrisations compute is a weight."""
    model = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(16, 16)),
        nn.ReLU(),
        nn.utils.parametrizations.orthogonal(nn.Linear(16, 16)),
        nn.ReLU(),
        nn.Linear(16, 2),
    )
    report = measure(model, seeds=1)

    assert [layer.fan_in for layer in report.layers] == [16, 16, 16]
    assert judge(report) == ()


def test_raw_parameters_are_layers() -> None:
    """`x @ self.weight` counts as a layer of that name, with the fan of the axis it sums over."""

    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Parameter(torch.randn(12, 30) / 12**0.5)
            self.second = nn.Parameter(torch.randn(5, 30) / 30**0.5)

        def forward(self, x: Tensor) -> Tensor:
            return torch.einsum("bi,oi->bo", torch.relu(x @ self.first), self.second)

    report = measure(Raw(), input_shape=(64, 12), seeds=1)

    assert [(layer.name, layer.fan_in, layer.fan_out) for layer in report.layers] == [
        ("first", 12, 30),
        ("second", 30, 5),
    ]
