"""The functions and methods that fill tensors: their arguments in order, as torch 2.13 has them."""

from __future__ import annotations

import ast
from typing import Any

from initlint.describe.values import Value

REQUIRED = object()


# torch 2.13, torch/nn/init.py: name -> positional order with defaults.
SIGNATURES: dict[str, tuple[tuple[str, Any], ...]] = {
    "uniform_": (("tensor", REQUIRED), ("a", 0.0), ("b", 1.0), ("generator", None)),
    "normal_": (("tensor", REQUIRED), ("mean", 0.0), ("std", 1.0), ("generator", None)),
    "trunc_normal_": (("tensor", REQUIRED), ("mean", 0.0), ("std", 1.0), ("a", -2.0), ("b", 2.0), ("generator", None)),
    "constant_": (("tensor", REQUIRED), ("val", REQUIRED)),
    "ones_": (("tensor", REQUIRED),),
    "zeros_": (("tensor", REQUIRED),),
    "eye_": (("tensor", REQUIRED),),
    "dirac_": (("tensor", REQUIRED), ("groups", 1)),
    "xavier_uniform_": (("tensor", REQUIRED), ("gain", 1.0), ("generator", None)),
    "xavier_normal_": (("tensor", REQUIRED), ("gain", 1.0), ("generator", None)),
    "kaiming_uniform_": (
        ("tensor", REQUIRED), ("a", 0), ("mode", "fan_in"), ("nonlinearity", "leaky_relu"), ("generator", None),
    ),
    "kaiming_normal_": (
        ("tensor", REQUIRED), ("a", 0), ("mode", "fan_in"), ("nonlinearity", "leaky_relu"), ("generator", None),
    ),
    "orthogonal_": (("tensor", REQUIRED), ("gain", 1), ("generator", None)),
    "sparse_": (("tensor", REQUIRED), ("sparsity", REQUIRED), ("std", 0.01), ("generator", None)),
}  # fmt: skip


DEPRECATED = {
    name[:-1]: name
    for name in ("uniform_", "normal_", "constant_", "eye_", "dirac_", "xavier_uniform_", "xavier_normal_",
                 "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_")
}  # fmt: skip


OTHER_NAMES = frozenset({"calculate_gain", "_calculate_fan_in_and_fan_out", "_calculate_correct_fan",
    "_no_grad_uniform_",
                         "_no_grad_normal_", "_no_grad_trunc_normal_", "_no_grad_fill_", "_no_grad_zero_"})  # fmt: skip


# Same-named helpers of timm (`timm.layers`) and transformers' initialization module.
MORE_SIGNATURES: dict[str, tuple[tuple[str, Any], ...]] = {
    "lecun_normal_": (("tensor", REQUIRED),),
    "trunc_normal_tf_": SIGNATURES["trunc_normal_"],
    "variance_scaling_": (("tensor", REQUIRED), ("scale", 1.0), ("mode", "fan_in"), ("distribution", "normal")),
    "copy_": (("tensor", REQUIRED), ("other", REQUIRED)),
    "_variance_scaling": (("tensor", REQUIRED), ("mode", "fan_in"), ("distribution", "normal")),
    "default_flax_embed_init_": (("tensor", REQUIRED),),
}


METHODS: dict[str, tuple[str, ...]] = {
    "normal_": ("mean", "std"),
    "uniform_": ("from", "to"),
    "fill_": ("value",),
    "zero_": (),
    "copy_": ("src",),
    "exponential_": ("lambd",),
    "bernoulli_": ("p",),
    "random_": ("from", "to"),
    "log_normal_": ("mean", "std"),
    "cauchy_": ("median", "sigma"),
    "geometric_": ("p",),
    "mul_": ("other",),
    "div_": ("other",),
    "add_": ("other",),
    "sub_": ("other",),
    "clamp_": ("min", "max"),
    "clip_": ("min", "max"),
    "fmod_": ("other",),
    "erfinv_": (),
    "neg_": (),
    "exp_": (),
    "log_": (),
    "abs_": (),
    "sqrt_": (),
    "masked_fill_": ("mask", "value"),
    "index_fill_": ("dim", "index", "value"),
    "scatter_": ("dim", "index", "src"),
    "fill_diagonal_": ("fill_value",),
    "set_": ("source",),
    "renorm_": ("p", "dim", "maxnorm"),
    "pow_": ("exponent",),
    "lerp_": ("end", "weight"),
    "addcmul_": ("a", "b"),
}


FACTORIES = frozenset({
    "empty", "zeros", "ones", "full", "rand", "randn", "randint", "eye", "empty_like", "zeros_like", "ones_like",
    "full_like", "rand_like", "randn_like", "tensor", "as_tensor", "from_numpy", "arange", "linspace", "logspace",
    "Tensor", "FloatTensor", "HalfTensor", "DoubleTensor", "normal", "randperm", "empty_strided", "BoolTensor",
    "LongTensor", "IntTensor", "cuda.FloatTensor", "cat", "stack", "complex", "bernoulli", "diag", "tril", "triu",
})  # fmt: skip


def bind(
    name: str, args: list[Value], kwargs: dict[str, Value], node: ast.Call
) -> tuple[dict[str, Value], dict[str, ast.expr]]:
    """Bind a method's arguments to their names."""
    return _bind(METHODS.get(name, ()), args, kwargs, node)


def bind_init(
    name: str, args: list[Value], kwargs: dict[str, Value], node: ast.Call
) -> tuple[dict[str, Value], dict[str, ast.expr]]:
    """Bind an init function's arguments to their names."""
    signature = SIGNATURES.get(name) or MORE_SIGNATURES.get(name) or ()
    return _bind(tuple(argument for argument, _ in signature), args, kwargs, node)


def _bind(
    names: tuple[str, ...], args: list[Value], kwargs: dict[str, Value], node: ast.Call
) -> tuple[dict[str, Value], dict[str, ast.expr]]:
    values = dict(zip(names, args, strict=False))
    nodes = dict(zip(names, node.args, strict=False))
    values.update(kwargs)
    nodes.update({keyword.arg: keyword.value for keyword in node.keywords if keyword.arg})
    return values, nodes
