"""What torch's layers are: signatures, roles, parameters and their default initialisation (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from initlint.reference import layer_parameters as made
from initlint.reference.layer_kind import Arguments, LayerKind, ParameterSpec, Part
from initlint.reference.layer_parts import decoder_layer, encoder_layer, stack, transformer
from initlint.reference.modules import (
    ACTIVATION_FUNCTIONS,
    ACTIVATIONS,
    NORM_FUNCTIONS,
    NORMS,
    PASSTHROUGH,
    PASSTHROUGH_FUNCTIONS,
)
from initlint.reference.quantity import REQUIRED, UNKNOWN

__all__ = [
    "ACTIVATIONS", "ACTIVATION_FUNCTIONS", "LAYERS", "LAYERS_BY_DOTTED_NAME", "NORMS", "NORM_FUNCTIONS",
    "PASSTHROUGH", "PASSTHROUGH_FUNCTIONS", "REQUIRED", "UNKNOWN", "LayerKind", "ParameterSpec", "Part",
]  # fmt: skip

Signature = tuple[tuple[str, Any], ...]
PartsOf = Callable[[Arguments], tuple[Part, ...]]

_PLACE: Signature = (("device", None), ("dtype", None))


def _required(*names: str) -> Signature:
    return tuple((name, REQUIRED) for name in names)


def _known_as(name: str, module: str) -> tuple[str, ...]:
    return (f"torch.nn.{name}", f"torch.nn.modules.{module}.{name}", f"torch.nn.modules.{name}")


def _linear() -> list[LayerKind]:
    sizes = _required("in_features", "out_features")
    rest: Signature = (("bias", True), *_PLACE)
    plain = LayerKind(
        "Linear", _known_as("Linear", "linear"), "linear", sizes + rest,
        inputs="in_features", outputs="out_features", parameters_of=made.linear,
    )  # fmt: skip
    guarded = "NonDynamicallyQuantizableLinear"
    return [
        plain,
        replace(plain, name=guarded, known_as=(f"torch.nn.modules.linear.{guarded}",)),
        replace(plain, name="LazyLinear", known_as=_known_as("LazyLinear", "linear"), inputs=None,
                signature=sizes[1:] + rest, lazy=True),
        LayerKind("Bilinear", _known_as("Bilinear", "linear"), "bilinear",
                  _required("in1_features", "in2_features", "out_features") + rest,
                  inputs="in1_features", outputs="out_features", parameters_of=made.bilinear),
        LayerKind("Conv1D", ("transformers.pytorch_utils.Conv1D", "transformers.modeling_utils.Conv1D",
                             "transformers.Conv1D"), "linear", _required("nf", "nx"),
                  inputs="nx", outputs="nf", parameters_of=made.conv1d_of_transformers),
    ]  # fmt: skip


def _convolutions() -> list[LayerKind]:
    sizes = _required("in_channels", "out_channels", "kernel_size")
    start: Signature = (("stride", 1), ("padding", 0))
    plain: Signature = (*start, ("dilation", 1), ("groups", 1), ("bias", True), ("padding_mode", "zeros"), *_PLACE)
    swapped: Signature = (
        *start, ("output_padding", 0), ("groups", 1), ("bias", True), ("dilation", 1), ("padding_mode", "zeros"),
        *_PLACE,
    )  # fmt: skip
    kinds = []
    for family, role, rest in (("Conv", "conv", plain), ("ConvTranspose", "conv_transpose", swapped)):
        for rank in ("1d", "2d", "3d"):
            name = family + rank
            kind = LayerKind(
                name, _known_as(name, "conv"), role, sizes + rest,
                inputs="in_channels", outputs="out_channels", parameters_of=made.convolution(name),
            )  # fmt: skip
            lazy = f"Lazy{name}"
            kinds += [kind, replace(kind, name=lazy, known_as=_known_as(lazy, "conv"), inputs=None,
                                    signature=sizes[1:] + rest, lazy=True)]  # fmt: skip
    return kinds


def _embeddings() -> list[LayerKind]:
    sizes = _required("num_embeddings", "embedding_dim")
    norms: Signature = (("max_norm", None), ("norm_type", 2.0), ("scale_grad_by_freq", False))
    table: Signature = (
        ("padding_idx", None),
        *norms,
        ("sparse", False),
        ("_weight", None),
        ("_freeze", False),
        *_PLACE,
    )
    bag: Signature = (
        *norms, ("mode", "mean"), ("sparse", False), ("_weight", None), ("include_last_offset", False),
        ("padding_idx", None), *_PLACE,
    )  # fmt: skip
    return [
        LayerKind(name, _known_as(name, "sparse"), "embedding", sizes + rest,
                  outputs="embedding_dim", parameters_of=made.embedding(name))
        for name, rest in (("Embedding", table), ("EmbeddingBag", bag))
    ]  # fmt: skip


def _recurrent() -> list[LayerKind]:
    sizes = _required("input_size", "hidden_size")
    depth: Signature = (("num_layers", 1),)
    rest: Signature = (("bias", True), ("batch_first", False), ("dropout", 0.0), ("bidirectional", False))
    projected: Signature = (("proj_size", 0), *_PLACE)
    signatures = {
        "RNN": (*sizes, *depth, ("nonlinearity", "tanh"), *rest),
        "LSTM": (*sizes, *depth, *rest, *projected),
        "GRU": (*sizes, *depth, *rest),
        "RNNCell": (*sizes, ("bias", True), ("nonlinearity", "tanh"), *_PLACE),
        "LSTMCell": (*sizes, ("bias", True), *_PLACE),
        "GRUCell": (*sizes, ("bias", True), *_PLACE),
    }
    # by position torch puts proj_size before device and dtype, and refuses it to RNN and GRU
    named = {"RNN": _PLACE, "GRU": _PLACE}
    return [
        LayerKind(name, _known_as(name, "rnn"), "recurrent", signature, named.get(name, ()),
                  inputs="input_size", outputs="hidden_size",
                  parameters_of=made.recurrent_cell(name) if name.endswith("Cell") else made.recurrent(name))
        for name, signature in signatures.items()
    ]  # fmt: skip


def _norms() -> list[LayerKind]:
    biased: Signature = (("bias", True),)
    batch: Signature = (("eps", 1e-5), ("momentum", 0.1), ("affine", True), ("track_running_stats", True))
    instance: Signature = (("eps", 1e-5), ("momentum", 0.1), ("affine", False), ("track_running_stats", False))
    features = _required("num_features")
    built = made.norm("num_features", "affine")
    kinds = []
    for family, module, middle in (("BatchNorm", "batchnorm", batch), ("InstanceNorm", "instancenorm", instance)):
        for rank in ("1d", "2d", "3d"):
            name, lazy = family + rank, f"Lazy{family}{rank}"
            kind = LayerKind(
                name, _known_as(name, module), "norm", features + middle + _PLACE, biased,
                inputs="num_features", outputs="num_features", parameters_of=built,
            )  # fmt: skip
            # all lazy norms have affine weights, the instance norms too, unlike their elders
            kinds += [kind, replace(kind, name=lazy, known_as=_known_as(lazy, module), signature=batch + _PLACE,
                                    inputs=None, outputs=None, lazy=True)]  # fmt: skip
    return [*kinds, *_other_norms((*features, *batch, ("process_group", None), *_PLACE), biased)]


def _other_norms(synchronised: Signature, biased: Signature) -> list[LayerKind]:
    shaped = _required("normalized_shape")
    groups: Signature = (*_required("num_groups", "num_channels"), ("eps", 1e-5), ("affine", True), *_PLACE)
    layer: Signature = (*shaped, ("eps", 1e-5), ("elementwise_affine", True), ("bias", True), *_PLACE)
    rms: Signature = (*shaped, ("eps", None), ("elementwise_affine", True), *_PLACE)
    return [
        LayerKind("SyncBatchNorm", _known_as("SyncBatchNorm", "batchnorm"), "norm", synchronised, biased,
                  inputs="num_features", outputs="num_features", parameters_of=made.norm("num_features", "affine")),
        LayerKind("GroupNorm", _known_as("GroupNorm", "normalization"), "norm", groups, biased,
                  inputs="num_channels", outputs="num_channels", parameters_of=made.norm("num_channels", "affine")),
        LayerKind("LayerNorm", _known_as("LayerNorm", "normalization"), "norm", layer,
                  inputs="normalized_shape", outputs="normalized_shape",
                  parameters_of=made.norm("normalized_shape", "elementwise_affine")),
        LayerKind("RMSNorm", _known_as("RMSNorm", "normalization"), "norm", rms,
                  inputs="normalized_shape", outputs="normalized_shape",
                  parameters_of=made.norm("normalized_shape", "elementwise_affine", biased=False)),
    ]  # fmt: skip


def _attention() -> LayerKind:
    signature: Signature = (
        *_required("embed_dim", "num_heads"), ("dropout", 0.0), ("bias", True), ("add_bias_kv", False),
        ("add_zero_attn", False), ("kdim", None), ("vdim", None), ("batch_first", False), *_PLACE,
    )  # fmt: skip
    return LayerKind(
        "MultiheadAttention", _known_as("MultiheadAttention", "activation"), "attention", signature,
        inputs="embed_dim", outputs="embed_dim", parameters_of=made.attention,
    )  # fmt: skip


def _prelu() -> LayerKind:
    signature: Signature = (("num_parameters", 1), ("init", 0.25), *_PLACE)
    return LayerKind("PReLU", _known_as("PReLU", "activation"), "activation", signature, parameters_of=made.prelu)


def _transformers() -> list[LayerKind]:
    """The composites. torch's default for `activation` is the function `F.relu`; here it is the word `relu`."""
    tail: Signature = (("layer_norm_eps", 1e-5), ("batch_first", False), ("norm_first", False), ("bias", True), *_PLACE)
    block: Signature = (
        *_required("d_model", "nhead"), ("dim_feedforward", 2048), ("dropout", 0.1), ("activation", "relu"), *tail,
    )  # fmt: skip
    whole: Signature = (
        ("d_model", 512), ("nhead", 8), ("num_encoder_layers", 6), ("num_decoder_layers", 6), ("dim_feedforward", 2048),
        ("dropout", 0.1), ("activation", "relu"), ("custom_encoder", None), ("custom_decoder", None), *tail,
    )  # fmt: skip
    decoder: Signature = (*_required("decoder_layer", "num_layers"), ("norm", None))
    encoder: Signature = (*_required("encoder_layer", "num_layers"), ("norm", None), ("enable_nested_tensor", True),
                          ("mask_check", True))  # fmt: skip
    rows: list[tuple[str, Signature, PartsOf]] = [
        ("TransformerEncoderLayer", block, encoder_layer), ("TransformerDecoderLayer", block, decoder_layer),
        ("TransformerEncoder", encoder, stack("encoder_layer")),
        ("TransformerDecoder", decoder, stack("decoder_layer")),
    ]  # fmt: skip
    kinds = [
        LayerKind(name, _known_as(name, "transformer"), "composite", signature,
                  parameters_of=_of_parts(parts), parts_of=parts)
        for name, signature, parts in rows
    ]  # fmt: skip
    return [*kinds, LayerKind("Transformer", _known_as("Transformer", "transformer"), "composite", whole,
                              parameters_of=_reinitialised, parts_of=transformer)]  # fmt: skip


def _of_parts(parts: PartsOf) -> made.Builder:
    """The parameters of all parts, under their dotted names."""

    def parameters(arguments: Arguments) -> made.Specs:
        return tuple(
            replace(spec, name=f"{part.path}.{spec.name}")
            for part in parts(arguments) if part.kind is not None
            for spec in LAYERS[part.kind].parameters(part.arguments)
        )  # fmt: skip

    return parameters


def _reinitialised(arguments: Arguments) -> made.Specs:
    """`nn.Transformer` ends by running xavier_uniform_ over every parameter of two axes or more."""
    specs = _of_parts(transformer)(arguments)
    return tuple(_xavier_again(spec) if spec.shape is not None and len(spec.shape) > 1 else spec for spec in specs)


def _xavier_again(spec: ParameterSpec) -> ParameterSpec:
    fans = (spec.effective_fan_in, spec.effective_fan_out)
    drawn = made.xavier(spec.name, spec.shape or (), spec.role, fans)
    return replace(drawn, packed=spec.packed, certain=spec.certain)


_KINDS = [
    *_linear(), *_convolutions(), *_embeddings(), *_recurrent(), *_norms(), _attention(), _prelu(), *_transformers(),
]  # fmt: skip

LAYERS: dict[str, LayerKind] = {kind.name: kind for kind in _KINDS}
LAYERS_BY_DOTTED_NAME: dict[str, LayerKind] = {dotted: kind for kind in _KINDS for dotted in kind.known_as}
