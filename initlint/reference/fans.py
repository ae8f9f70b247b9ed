"""How many terms the sums of a layer have: torch's reading of a shape, and what the layer really computes.

A weight of variance v makes an output of variance fan_in * v * E[x^2], and a backward signal of variance
fan_out * v * E[delta^2] (He et al. 2015, arXiv:1502.01852, eqs. 7 and 13). Fans are pure counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from initlint.reference.quantity import Maybe, known, over, product_over, split, times

Fans: TypeAlias = tuple[Maybe, Maybe]

RANKS = {"1d": 1, "2d": 2, "3d": 3}
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3, "RNNCell": 1, "LSTMCell": 4, "GRUCell": 3}


def torch_fans(shape: Sequence[Maybe]) -> Fans | None:
    """(fan_in, fan_out) as `torch.nn.init._calculate_fan_in_and_fan_out` reads them off a shape.

    fan_in = shape[1] * prod(shape[2:]), fan_out = shape[0] * prod(shape[2:]), for every rank from 2 on; whatever the
    axes mean. None below rank 2, where torch raises ValueError. An axis that is None makes the fans it enters None.
    """
    if len(shape) < 2:
        return None
    area = times(*shape[2:])
    return times(shape[1], area), times(shape[0], area)


def effective_fans(kind: str, arguments: Mapping[str, Any]) -> Fans | None:
    """(fan_in, fan_out) of the sums that a layer's main weight takes part in; None for a kind without such a weight.

    `kind` is a class name of torch.nn, `Conv1D` (transformers), `matrix` (a raw (in, out) parameter used as `x @ W`)
    or `experts` (a stack of matrices, axis 0 the expert); `arguments` are the constructor's, by name, all present
    (`LayerKind.complete` fills defaults). Raw ones take `shape`, and `transposed=True` for (..., out, in) storage.

    Linear in, out. Conv: in/groups * k, out/groups * k: torch forgets to divide fan_out by groups. ConvTranspose:
    in/groups * k / stride (each output place is reached by k/stride of the kernel's taps on average) and
    out/groups * k; torch reads them swapped. Bilinear: in1 * in2 and, for the first input, out * in2. Embedding: 1
    (a look-up sums nothing) and the width. Recurrent layers: hidden-to-hidden, one gate taken from the pack.
    Attention: one of q, k, v taken from the packed in_proj. Where an argument is unknown the fan is None.
    """
    value = {name: known(argument) for name, argument in arguments.items()}
    if kind.removeprefix("Lazy").startswith("Conv") and kind != "Conv1D":
        return _convolution(kind, value)
    match kind:
        case "Linear" | "LazyLinear" | "NonDynamicallyQuantizableLinear":
            return value.get("in_features"), value["out_features"]
        case "Conv1D":
            return value["nx"], value["nf"]
        case "Bilinear":
            left, right, out = value["in1_features"], value["in2_features"], value["out_features"]
            return times(left, right), times(out, right)
        case "Embedding":
            return 1, value["embedding_dim"]
        case "EmbeddingBag":
            return None, value["embedding_dim"]  # how many rows a bag sums is the data's affair
        case "MultiheadAttention":
            return value["embed_dim"], value["embed_dim"]
        case "matrix" | "experts":
            return _raw(value["shape"], transposed=bool(value.get("transposed")))
    if kind in GATES:
        return recurrent_fans(value, "hh")
    return None


def recurrent_fans(arguments: Mapping[str, Any], matrix: str) -> Fans:
    """Fans of one gate of a recurrent layer: `matrix` is ih (input), hh (state) or hr (an LSTM's projection)."""
    hidden = known(arguments["hidden_size"])
    state = known(arguments.get("proj_size", 0))
    state = hidden if isinstance(state, int) and state == 0 else state
    match matrix:
        case "ih":
            return known(arguments["input_size"]), hidden
        case "hh":
            return state, hidden
        case _:
            return hidden, state


def _convolution(kind: str, value: Mapping[str, Any]) -> Fans:
    rank = RANKS[kind[-2:]]
    area = product_over(value["kernel_size"], rank)
    inward = times(split(value.get("in_channels"), value["groups"]), area)
    outward = times(split(value["out_channels"], value["groups"]), area)
    if "Transpose" in kind:
        return over(inward, product_over(value["stride"], rank)), outward
    return inward, outward


def _raw(shape: Sequence[Maybe], *, transposed: bool) -> Fans | None:
    if len(shape) < 2:
        return None
    return (shape[-1], shape[-2]) if transposed else (shape[-2], shape[-1])
