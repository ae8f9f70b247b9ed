"""Every layer kind against the live module of torch: signature, parameters, fans, and the numbers drawn."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest
import torch
from torch import nn

from initlint.reference.layers import LAYERS, LAYERS_BY_DOTTED_NAME, REQUIRED, LayerKind, ParameterSpec

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:enable_nested_tensor")]

SAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("Linear", {"in_features": 300, "out_features": 200}),
    ("Linear", {"in_features": 30, "out_features": 20, "bias": False}),
    ("NonDynamicallyQuantizableLinear", {"in_features": 30, "out_features": 20}),
    ("Bilinear", {"in1_features": 20, "in2_features": 30, "out_features": 40}),
    ("Bilinear", {"in1_features": 9, "in2_features": 8, "out_features": 7, "bias": False}),
    ("Conv1D", {"nf": 90, "nx": 60}),
    ("Conv1d", {"in_channels": 16, "out_channels": 32, "kernel_size": 5}),
    ("Conv2d", {"in_channels": 16, "out_channels": 64, "kernel_size": (3, 5), "stride": 2, "bias": False}),
    ("Conv2d", {"in_channels": 64, "out_channels": 64, "kernel_size": 3, "groups": 64}),
    ("Conv3d", {"in_channels": 8, "out_channels": 16, "kernel_size": 3, "groups": 4}),
    ("ConvTranspose1d", {"in_channels": 16, "out_channels": 32, "kernel_size": 4, "stride": 2}),
    ("ConvTranspose2d", {"in_channels": 16, "out_channels": 64, "kernel_size": 3}),
    ("ConvTranspose2d", {"in_channels": 16, "out_channels": 8, "kernel_size": (4, 2), "groups": 4, "bias": False}),
    ("ConvTranspose3d", {"in_channels": 8, "out_channels": 16, "kernel_size": 2, "stride": (2, 1, 1)}),
    ("Embedding", {"num_embeddings": 100, "embedding_dim": 32}),
    ("Embedding", {"num_embeddings": 100, "embedding_dim": 32, "padding_idx": 3}),
    ("EmbeddingBag", {"num_embeddings": 100, "embedding_dim": 32}),
    ("RNN", {"input_size": 30, "hidden_size": 40, "num_layers": 2, "nonlinearity": "relu"}),
    ("LSTM", {"input_size": 30, "hidden_size": 40, "num_layers": 2, "bidirectional": True}),
    ("LSTM", {"input_size": 30, "hidden_size": 40, "num_layers": 2, "proj_size": 10, "bidirectional": True}),
    ("LSTM", {"input_size": 30, "hidden_size": 40, "bias": False}),
    ("GRU", {"input_size": 30, "hidden_size": 40, "num_layers": 3, "batch_first": True}),
    ("RNNCell", {"input_size": 30, "hidden_size": 40}),
    ("LSTMCell", {"input_size": 30, "hidden_size": 40, "bias": False}),
    ("GRUCell", {"input_size": 30, "hidden_size": 40}),
    ("MultiheadAttention", {"embed_dim": 64, "num_heads": 4}),
    ("MultiheadAttention", {"embed_dim": 64, "num_heads": 4, "bias": False, "batch_first": True}),
    ("MultiheadAttention", {"embed_dim": 64, "num_heads": 4, "kdim": 32, "vdim": 48, "add_bias_kv": True}),
    ("MultiheadAttention", {"embed_dim": 64, "num_heads": 4, "kdim": 64, "vdim": 64}),
    ("BatchNorm1d", {"num_features": 32}),
    ("BatchNorm2d", {"num_features": 32, "affine": False}),
    ("BatchNorm3d", {"num_features": 32, "bias": False}),
    ("SyncBatchNorm", {"num_features": 32}),
    ("InstanceNorm1d", {"num_features": 32}),
    ("InstanceNorm2d", {"num_features": 32, "affine": True}),
    ("InstanceNorm3d", {"num_features": 32, "affine": True, "bias": False}),
    ("GroupNorm", {"num_groups": 4, "num_channels": 32}),
    ("GroupNorm", {"num_groups": 4, "num_channels": 32, "bias": False}),
    ("LayerNorm", {"normalized_shape": 32}),
    ("LayerNorm", {"normalized_shape": (4, 8), "bias": False}),
    ("LayerNorm", {"normalized_shape": [4, 8], "elementwise_affine": False}),
    ("RMSNorm", {"normalized_shape": 32}),
    ("RMSNorm", {"normalized_shape": (2, 3), "elementwise_affine": False}),
    ("PReLU", {}),
    ("PReLU", {"num_parameters": 8, "init": 0.1}),
    ("TransformerEncoderLayer", {"d_model": 32, "nhead": 4, "dim_feedforward": 64}),
    ("TransformerEncoderLayer", {"d_model": 32, "nhead": 4, "bias": False}),
    ("TransformerDecoderLayer", {"d_model": 32, "nhead": 4, "dim_feedforward": 64}),
    ("Transformer", {"d_model": 32, "nhead": 4, "num_encoder_layers": 2, "num_decoder_layers": 1}),
    ("Transformer", {"d_model": 32, "nhead": 4, "dim_feedforward": 16, "bias": False}),
]
OLD_PLACES = {"transformers.modeling_utils.Conv1D", "transformers.Conv1D"}  # of transformers before version 5
TAKE_LAYERS = {"TransformerEncoder", "TransformerDecoder"}
LAZY = sorted(name for name, kind in LAYERS.items() if kind.lazy)


def class_of(kind: LayerKind) -> type[nn.Module]:
    """The live class behind a kind, under the first name it is known by."""
    module, _, name = kind.known_as[-1 if kind.name != "Conv1D" else 0].rpartition(".")
    found: type[nn.Module] = getattr(importlib.import_module(module), name)
    return found


def starred(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's parameters, list indices written as `*`; one of each kind of member."""
    return {re.sub(r"\.\d+\.", ".*.", name): value.detach() for name, value in module.named_parameters()}


def sample_id(value: object) -> str:
    """A readable id for a parametrised case."""
    return value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items())  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_every_kind_has_a_sample() -> None:
    """No kind of layer is in the table without being built here."""
    sampled = {name for name, _ in SAMPLES}

    assert set(LAYERS) == sampled | TAKE_LAYERS | set(LAZY)


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in {"RNN", "LSTM", "GRU"}])
def test_signature_is_that_of_torch(name: str) -> None:
    """Arguments stand in torch's order with torch's defaults, keyword-only ones apart."""
    kind = LAYERS[name]
    live = list(inspect.signature(class_of(kind).__init__).parameters.values())[1:]

    def default(parameter: inspect.Parameter) -> object:
        if parameter.default is inspect.Parameter.empty:
            return REQUIRED
        return getattr(parameter.default, "__name__", parameter.default)

    positional = tuple((p.name, default(p)) for p in live if p.kind is not p.KEYWORD_ONLY)
    keyword_only = tuple((p.name, default(p)) for p in live if p.kind is p.KEYWORD_ONLY)

    assert (positional, keyword_only) == (kind.signature, kind.keyword_only)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_recurrent_arguments_reach_torch_by_position(name: str) -> None:
    """Given by position in the table's order, every argument arrives under its own name."""
    kind = LAYERS[name]
    given = {"input_size": 3, "hidden_size": 5, "num_layers": 2, "nonlinearity": "relu", "bias": False,
             "batch_first": True, "dropout": 0.1, "bidirectional": True, "proj_size": 2,
             "device": "cpu", "dtype": torch.float64}  # fmt: skip
    asked = {argument: given[argument] for argument, _ in kind.signature}
    module = class_of(kind)(*asked.values())

    assert asked == {argument: getattr(module, argument, given[argument]) for argument in asked}
    assert not module.bias


@pytest.mark.parametrize("dotted", sorted(set(LAYERS_BY_DOTTED_NAME) - OLD_PLACES))
def test_dotted_names_lead_to_one_class(dotted: str) -> None:
    """Every dotted name of a kind is importable and means the same class."""
    module, _, name = dotted.rpartition(".")

    assert class_of(LAYERS_BY_DOTTED_NAME[dotted]) is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("name", "arguments"), SAMPLES, ids=sample_id)
def test_names_and_shapes(name: str, arguments: dict[str, Any]) -> None:
    """The parameters have the names and shapes of the live module's."""
    kind = LAYERS[name]
    live = starred(class_of(kind)(**arguments))

    assert {n: tuple(p.shape) for n, p in live.items()} == {s.name: s.shape for s in kind.parameters(arguments)}
    assert all(spec.certain for spec in kind.parameters(arguments))


@pytest.mark.parametrize(("name", "arguments"), SAMPLES, ids=sample_id)
def test_torch_fans(name: str, arguments: dict[str, Any]) -> None:
    """`fan_in` and `fan_out` are what torch.nn.init computes for the live tensor."""
    live = starred(class_of(LAYERS[name])(**arguments))
    expected = {n: nn.init._calculate_fan_in_and_fan_out(p) if p.dim() > 1 else (None, None) for n, p in live.items()}

    assert expected == {s.name: (s.fan_in, s.fan_out) for s in LAYERS[name].parameters(arguments)}


@pytest.mark.parametrize(("name", "arguments"), SAMPLES, ids=sample_id)
def test_default_numbers(name: str, arguments: dict[str, Any]) -> None:
    """Mean, std and bounds are those of the numbers that the constructor draws, within five standard errors."""
    drawn: dict[str, list[torch.Tensor]] = {}
    for _ in range(20):
        for n, p in starred(class_of(LAYERS[name])(**arguments)).items():
            drawn.setdefault(n, []).append(p.flatten())

    for spec in LAYERS[name].parameters(arguments):
        check_numbers(spec, drawn[spec.name])


def check_numbers(spec: ParameterSpec, draws: list[torch.Tensor]) -> None:
    """Hold what was drawn against a spec."""
    if "padding_idx" in spec.arguments:
        width, row = spec.shape[1], spec.arguments["padding_idx"]  # type: ignore[index]
        draws = [torch.cat([d[: row * width], d[(row + 1) * width :]]) for d in draws]
    values = torch.cat(draws).double()
    if spec.std == 0:
        assert torch.equal(values.float(), torch.full_like(values, spec.mean).float())  # type: ignore[arg-type]
        return
    error = spec.std / values.numel() ** 0.5
    assert values.mean().item() == pytest.approx(spec.mean, abs=5 * error)
    assert values.std().item() == pytest.approx(spec.std, abs=5 * error)
    if spec.high is not None:
        assert spec.low == -spec.high  # type: ignore[operator]
        assert values.abs().max().item() == pytest.approx(spec.high, rel=min(1.0, 30 / values.numel()))
        assert values.abs().max().item() <= spec.high * (1 + 1e-6)


def test_padding_row_is_zero() -> None:
    """The row that `padding_idx` names is zero in the live table, and the spec carries the index."""
    (spec,) = LAYERS["Embedding"].parameters({"num_embeddings": 5, "embedding_dim": 3, "padding_idx": 2})

    assert spec.arguments["padding_idx"] == 2
    assert nn.Embedding(5, 3, padding_idx=2).weight[2].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", LAZY)
def test_lazy_layers_are_the_elder_with_the_input_unknown(name: str) -> None:
    """A lazy layer has the parameters of the plain one; what hangs on the input size is unknown."""
    elder = name.removeprefix("Lazy")
    required = {n: 6 for n, default in LAYERS[name].signature if default is REQUIRED}
    sizes = {"in_features": 6, "in_channels": 6, "num_features": 6, "affine": True}
    full = {**{k: v for k, v in sizes.items() if k in dict(LAYERS[elder].signature)}, **required}
    lazy_specs, specs = LAYERS[name].parameters(required), LAYERS[elder].parameters(full)

    assert [spec.name for spec in specs] == [spec.name for spec in lazy_specs]
    assert all(None in spec.shape for spec in lazy_specs if spec.role != "bias" and spec.shape is not None)
    assert {n for n, _ in class_of(LAYERS[name])(**required).named_parameters()} == {s.name for s in lazy_specs}


@pytest.mark.parametrize(
    ("name", "argument"), [("TransformerEncoder", "encoder_layer"), ("TransformerDecoder", "decoder_layer")]
)
def test_stacks_copy_the_layer_they_are_given(name: str, argument: str) -> None:
    """The layers of a stack are parts handed over, copies of one, and all start equal."""
    kind = LAYERS[name]
    block = class_of(LAYERS[f"{name}Layer"])(8, 2, dim_feedforward=8)
    live = class_of(kind)(block, 2, nn.LayerNorm(8))
    layers, norm = kind.parts({argument: block, "num_layers": 2, "norm": "given"})

    assert (layers.path, layers.argument, layers.copies) == ("layers.*", argument, True)
    assert (norm.path, norm.argument) == ("norm", "norm")
    assert [part.path for part in kind.parts({})] == ["layers.*"]
    first, second = (dict(layer.named_parameters()) for layer in live.layers)  # type: ignore[union-attr]
    assert all(torch.equal(first[n], second[n]) for n in first)
    assert kind.parameters({}) == ()


def test_transformer_takes_ready_made_sides() -> None:
    """A custom encoder is a part handed over, and its parameters are not guessed."""
    arguments = {"custom_encoder": "mine", "d_model": 8, "nhead": 2}
    parts = LAYERS["Transformer"].parts(arguments)

    assert (parts[0].path, parts[0].argument, parts[0].kind) == ("encoder", "custom_encoder", None)
    assert all(spec.name.startswith("decoder.") for spec in LAYERS["Transformer"].parameters(arguments))


def test_defaults_name_schemes_of_torch() -> None:
    """The default of a Linear is written as kaiming_uniform_(a=sqrt 5), with the std that this really has."""
    weight, bias = LAYERS["Linear"].parameters({"in_features": 48, "out_features": 3})

    assert (weight.scheme, weight.arguments["a"]) == ("kaiming_uniform", 5**0.5)
    assert weight.std == pytest.approx((1 / (3 * 48)) ** 0.5, rel=1e-15)
    assert (bias.scheme, bias.arguments["a"]) == ("uniform", -bias.arguments["b"])
    assert bias.high == pytest.approx(48**-0.5, rel=1e-15)


def test_packed_attention_has_half_the_variance() -> None:
    """Xavier over the packed in_proj has half the variance of Xavier over q alone (pytorch issue 166378)."""
    arguments = {"embed_dim": 64, "num_heads": 4}
    packed = LAYERS["MultiheadAttention"].parameters(arguments)[0]
    apart = LAYERS["MultiheadAttention"].parameters({**arguments, "kdim": 32})[0]

    assert (packed.packed, packed.effective_fan_in, packed.effective_fan_out) == (3, 64, 64)
    assert packed.std**2 / apart.std**2 == pytest.approx(1 / 2)  # type: ignore[operator]
