"""The parameters each kind of layer makes, with their shapes, their fans and torch's own default initialisation.

Read from the `reset_parameters` of torch 2.13; a test builds every layer and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from initlint.reference.fans import GATES, RANKS, Fans, effective_fans, recurrent_fans, torch_fans
from initlint.reference.layer_kind import Arguments, ParameterSpec, Shape, wanted
from initlint.reference.quantity import Maybe, axes, is_number, known, over, plus, root, split, times

Specs = tuple[ParameterSpec, ...]
Builder = Callable[[Arguments], Specs]

SQRT5 = 5**0.5


def constant(name: str, shape: Shape, role: str, value: Maybe) -> ParameterSpec:
    """A parameter filled with one number."""
    plain = is_number(value) and value in (0, 1)
    scheme = ("ones" if value == 1 else "zeros") if plain else "constant"
    seen = torch_fans(shape) or (None, None)
    return ParameterSpec(
        name, shape, role, *seen,
        scheme=scheme, std=0.0, mean=value, low=value, high=value, arguments={} if plain else {"val": value},
    )  # fmt: skip


def uniform(name: str, shape: Shape, role: str, bound: Maybe, fans: Fans | None = None) -> ParameterSpec:
    """A parameter drawn from U(-bound, bound): std = bound / sqrt(3)."""
    low = times(-1, bound)
    seen = torch_fans(shape) or (None, None)
    return ParameterSpec(
        name, shape, role, *seen, *(fans or (None, None)),
        scheme="uniform", std=over(bound, 3**0.5), mean=0.0, low=low, high=bound, arguments={"a": low, "b": bound},
    )  # fmt: skip


def normal(name: str, shape: Shape, role: str, std: Maybe, fans: Fans | None = None) -> ParameterSpec:
    """A parameter drawn from N(0, std^2)."""
    seen = torch_fans(shape) or (None, None)
    return ParameterSpec(
        name, shape, role, *seen, *(fans or (None, None)),
        scheme="normal", std=std, mean=0.0, arguments={"mean": 0.0, "std": std},
    )  # fmt: skip


def xavier(name: str, shape: Shape, role: str, fans: Fans, *, uniformly: bool = True) -> ParameterSpec:
    """Xavier over the whole tensor, as torch reads its fans: variance 2 / (fan_in + fan_out)."""
    fan_in, fan_out = torch_fans(shape) or (None, None)
    std = root(over(2, plus(fan_in, fan_out)))
    bound = root(over(6, plus(fan_in, fan_out))) if uniformly else None
    scheme = "xavier_uniform" if uniformly else "xavier_normal"
    return ParameterSpec(
        name, shape, role, fan_in, fan_out, *fans,
        scheme=scheme, std=std, mean=0.0, low=times(-1, bound), high=bound, arguments={"gain": 1.0},
    )  # fmt: skip


def torch_default(name: str, shape: Shape, fans: Fans) -> ParameterSpec:
    """kaiming_uniform_(a=sqrt(5)): U(+-1/sqrt(fan_in)), a third of LeCun's variance (Glorot 2010, eq. 1)."""
    fan_in, fan_out = torch_fans(shape) or (None, None)
    bound = over(1, root(fan_in))
    arguments = {"a": SQRT5, "mode": "fan_in", "nonlinearity": "leaky_relu"}
    return ParameterSpec(
        name, shape, "weight", fan_in, fan_out, *fans,
        scheme="kaiming_uniform", std=root(over(1, times(3, fan_in))), mean=0.0,
        low=times(-1, bound), high=bound, arguments=arguments,
    )  # fmt: skip


def switched(flag: Any, *specs: ParameterSpec) -> Specs:
    """The parameters that a boolean argument switches on."""
    present, certain = wanted(flag)
    return tuple(spec if certain else replace(spec, certain=False) for spec in specs) if present else ()


def linear(arguments: Arguments) -> Specs:
    """Linear: weight (out, in) and bias, both U(+-1/sqrt(in))."""
    wide, out = known(arguments.get("in_features")), known(arguments["out_features"])
    weight = torch_default("weight", (out, wide), (wide, out))
    return weight, *switched(arguments["bias"], uniform("bias", (out,), "bias", weight.high))


def bilinear(arguments: Arguments) -> Specs:
    """Bilinear: weight (out, in1, in2) and bias, both U(+-1/sqrt(in1))."""
    left, right, out = (known(arguments[name]) for name in ("in1_features", "in2_features", "out_features"))
    bound = over(1, root(left))
    weight = uniform("weight", (out, left, right), "weight", bound, effective_fans("Bilinear", arguments))
    return weight, *switched(arguments["bias"], uniform("bias", (out,), "bias", bound))


def conv1d_of_transformers(arguments: Arguments) -> Specs:
    """transformers' Conv1D: a Linear stored (in, out), N(0, 0.02), zero bias."""
    wide, out = known(arguments["nx"]), known(arguments["nf"])
    return normal("weight", (wide, out), "weight", 0.02, (wide, out)), constant("bias", (out,), "bias", 0)


def convolution(kind: str) -> Builder:
    """Conv: weight (out, in/groups, *kernel); ConvTranspose: (in, out/groups, *kernel). Both by torch's own fan_in."""
    rank = RANKS[kind[-2:]]

    def parameters(arguments: Arguments) -> Specs:
        wide, out, groups = (known(arguments.get(name)) for name in ("in_channels", "out_channels", "groups"))
        kernel = axes(arguments["kernel_size"], rank)
        head = (wide, split(out, groups)) if "Transpose" in kind else (out, split(wide, groups))
        weight = torch_default("weight", (*head, *kernel), effective_fans(kind, arguments) or (None, None))
        return weight, *switched(arguments["bias"], uniform("bias", (out,), "bias", weight.high))

    return parameters


def embedding(kind: str) -> Builder:
    """Embedding: N(0, 1), the row `padding_idx` zero."""

    def parameters(arguments: Arguments) -> Specs:
        shape = (known(arguments["num_embeddings"]), known(arguments["embedding_dim"]))
        spec = normal("weight", shape, "embedding", 1.0, effective_fans(kind, arguments))
        padding = arguments["padding_idx"]
        return (spec if padding is None else replace(spec, arguments={**spec.arguments, "padding_idx": padding}),)

    return parameters


def recurrent(kind: str) -> Builder:
    """RNN, LSTM, GRU: everything U(+-1/sqrt(hidden)), the gates of a matrix packed along axis 0."""

    def parameters(arguments: Arguments) -> Specs:
        return tuple(spec for layer, suffix, wide in _recurrent_layers(arguments)
                     for spec in _recurrent_layer(kind, {**arguments, "input_size": wide}, suffix))  # fmt: skip

    return parameters


def recurrent_cell(kind: str) -> Builder:
    """RNNCell, LSTMCell, GRUCell: one layer of the same, without the suffix."""

    def parameters(arguments: Arguments) -> Specs:
        return _recurrent_layer(kind, arguments, "")

    return parameters


def _recurrent_layers(arguments: Arguments) -> Iterator[tuple[int, str, Any]]:
    depth, both = arguments["num_layers"], wanted(arguments["bidirectional"])[0]
    directions = 2 if both and isinstance(arguments["bidirectional"], bool | int) else 1
    state, _ = recurrent_fans(arguments, "hh")
    wide = arguments["input_size"]
    for layer in range(depth if isinstance(depth, int) else 1):
        for direction in range(directions):
            yield layer, f"_l{layer}" + ("_reverse" if direction else ""), wide
        wide = times(directions, state)


def _recurrent_layer(kind: str, arguments: Arguments, suffix: str) -> Specs:
    gates = GATES[kind]
    hidden = known(arguments["hidden_size"])
    bound, packed = over(1, root(hidden)), times(gates, hidden)
    into, around = recurrent_fans(arguments, "ih"), recurrent_fans(arguments, "hh")
    weights = (
        uniform(f"weight_ih{suffix}", (packed, into[0]), "weight", bound, into),
        uniform(f"weight_hh{suffix}", (packed, around[0]), "weight", bound, around),
    )
    biases = (uniform(f"{name}{suffix}", (packed,), "bias", bound) for name in ("bias_ih", "bias_hh"))
    specs = (*weights, *switched(arguments["bias"], *biases))
    return (*(replace(spec, packed=gates) for spec in specs), *_projection(arguments, suffix, bound))


def _projection(arguments: Arguments, suffix: str, bound: Maybe) -> Specs:
    size = arguments.get("proj_size", 0)
    if isinstance(size, int) and size == 0:
        return ()
    fans = recurrent_fans(arguments, "hr")
    spec = uniform(f"weight_hr{suffix}", (fans[1], fans[0]), "weight", bound, fans)
    return (spec if known(size) is not None else replace(spec, certain=False),)


def attention(arguments: Arguments) -> Specs:
    """MultiheadAttention: Xavier over the packed (3E, E) in_proj (half the variance of the unpacked one), or q, k, v.

    out_proj keeps a Linear's default weight; all biases are zero; bias_k and bias_v are Xavier normal.
    """
    wide = known(arguments["embed_dim"])
    out = torch_default("out_proj.weight", (wide, wide), (wide, wide))
    biases = (
        replace(constant("in_proj_bias", (times(3, wide),), "bias", 0), packed=3),
        constant("out_proj.bias", (wide,), "bias", 0),
    )
    return (
        *_projections(wide, arguments["kdim"], arguments["vdim"]),
        out,
        *switched(arguments["bias"], *biases),
        *switched(arguments["add_bias_kv"], *(
            xavier(name, (1, 1, wide), "token", (None, None), uniformly=False) for name in ("bias_k", "bias_v")
        )),
    )  # fmt: skip


def _projections(wide: Maybe, kdim: Any, vdim: Any) -> Specs:
    keys, values = (wide if size is None else size for size in (kdim, vdim))
    if keys == wide and values == wide:
        packed = xavier("in_proj_weight", (times(3, wide), wide), "weight", (wide, wide))
        return (replace(packed, packed=3),)
    certain = all(is_number(size) for size in (wide, keys, values))
    sizes = {"q_proj_weight": wide, "k_proj_weight": keys, "v_proj_weight": values}
    return tuple(
        replace(xavier(name, (wide, known(size)), "weight", (known(size), wide)), certain=certain)
        for name, size in sizes.items()
    )


def norm(size: str, switch: str, *, biased: bool = True) -> Builder:
    """Normalisation layers: weight one, bias zero, both of the shape of what is normalised."""

    def parameters(arguments: Arguments) -> Specs:
        shape = axes(arguments.get(size), 1)
        scale = constant("weight", shape, "norm_weight", 1)
        shift = switched(arguments.get("bias", True), constant("bias", shape, "norm_bias", 0)) if biased else ()
        return switched(arguments[switch], scale, *shift)

    return parameters


def prelu(arguments: Arguments) -> Specs:
    """PReLU: one slope for all channels, or one each, at `init` (0.25)."""
    return (constant("weight", (known(arguments["num_parameters"]),), "slope", known(arguments["init"])),)
