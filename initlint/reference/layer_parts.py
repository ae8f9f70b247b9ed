"""What torch's composite layers build inside themselves (torch 2.13, `torch/nn/modules/transformer.py`)."""

from __future__ import annotations

from collections.abc import Callable

from initlint.reference.layer_kind import Arguments, Part

Parts = tuple[Part, ...]


def encoder_layer(arguments: Arguments) -> Parts:
    """Self-attention, two Linears, two norms."""
    return _block(arguments, attentions=("self_attn",), norms=("norm1", "norm2"))


def decoder_layer(arguments: Arguments) -> Parts:
    """Self- and cross-attention, two Linears, three norms."""
    return _block(arguments, attentions=("self_attn", "multihead_attn"), norms=("norm1", "norm2", "norm3"))


def stack(argument: str) -> Callable[[Arguments], Parts]:
    """Deep copies of the layer given as `argument`, and the norm given as `norm`."""

    def parts(arguments: Arguments) -> Parts:
        layers = Part("layers.*", None, argument=argument, copies=True)
        return (layers,) if arguments["norm"] is None else (layers, Part("norm", None, argument="norm"))

    return parts


def transformer(arguments: Arguments) -> Parts:
    """Encoder and decoder stacks of copied layers, each with a final norm; either may be handed over ready-made."""
    return (
        *_side(arguments, "encoder", "TransformerEncoderLayer"),
        *_side(arguments, "decoder", "TransformerDecoderLayer"),
    )


def _side(arguments: Arguments, side: str, kind: str) -> Parts:
    if arguments[f"custom_{side}"] is not None:
        return (Part(side, None, argument=f"custom_{side}"),)
    passed = ("d_model", "nhead", "dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first",
              "norm_first", "bias")  # fmt: skip
    block = {name: arguments[name] for name in passed}
    return Part(f"{side}.layers.*", kind, block, copies=True), Part(f"{side}.norm", "LayerNorm", _norm(arguments))


def _block(arguments: Arguments, *, attentions: tuple[str, ...], norms: tuple[str, ...]) -> Parts:
    wide, inner, bias = arguments["d_model"], arguments["dim_feedforward"], arguments["bias"]
    attention = {
        "embed_dim": wide, "num_heads": arguments["nhead"], "dropout": arguments["dropout"], "bias": bias,
        "batch_first": arguments["batch_first"],
    }  # fmt: skip
    return (
        *(Part(path, "MultiheadAttention", attention) for path in attentions),
        Part("linear1", "Linear", {"in_features": wide, "out_features": inner, "bias": bias}),
        Part("linear2", "Linear", {"in_features": inner, "out_features": wide, "bias": bias}),
        *(Part(path, "LayerNorm", _norm(arguments)) for path in norms),
    )


def _norm(arguments: Arguments) -> Arguments:
    return {"normalized_shape": arguments["d_model"], "eps": arguments["layer_norm_eps"], "bias": arguments["bias"]}
