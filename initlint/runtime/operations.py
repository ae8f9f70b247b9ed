"""What kind of operation a torch function is, by its name without underscores."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

_NAMES = {
    "activation": """relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus softsign hardtanh hardswish
        hardsigmoid tanh sigmoid logsigmoid log_sigmoid tanhshrink hardshrink softshrink threshold sin cos erf square
        abs exp expit clip clamp clamp_min clamp_max""",
    "norm": """batch_norm layer_norm group_norm instance_norm rms_norm normalize local_response_norm
        native_layer_norm""",
    "softmax": "softmax log_softmax gumbel_softmax softmin",
    # Change neither an entry nor which entries there are.
    "reshape": """view view_as reshape reshape_as flatten unflatten transpose permute contiguous unsqueeze squeeze
        expand expand_as chunk split split_with_sizes tensor_split unbind clone to type_as type float double half
        bfloat16 detach t swapaxes swapdims movedim moveaxis roll flip repeat tile repeat_interleave alias
        requires_grad get positive cpu pixel_shuffle pixel_unshuffle channel_shuffle ravel broadcast_to hsplit
        vsplit""",
    "sum": "add radd iadd sub rsub isub",
    "product": "mul rmul imul multiply",
    "quotient": "div truediv rdiv rtruediv itruediv true_divide idiv",
    "matrix_product": "matmul rmatmul mm bmm addmm baddbmm einsum mv tensordot dot scaled_dot_product_attention",
    # Layers that are many layers in one call.
    "composite": """lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
        multi_head_attention_forward bilinear embedding_bag embedding""",
    # Statistics that a normalisation written by hand divides by.
    "scale": "rsqrt std var norm vector_norm std_mean var_mean matrix_norm sqrt logsumexp",
    "dropout": "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout feature_alpha_dropout",
}


class Kind(Enum):
    """What an operation does to a signal; `OTHER` changes its scale for reasons that are not weights."""

    ACTIVATION = "activation"
    NORM = "norm"
    SOFTMAX = "softmax"
    RESHAPE = "reshape"
    SUM = "sum"
    PRODUCT = "product"
    QUOTIENT = "quotient"
    MATRIX_PRODUCT = "matrix_product"
    COMPOSITE = "composite"
    SCALE = "scale"
    DROPOUT = "dropout"
    OTHER = "other"


_KINDS = {name: Kind(kind) for kind, names in _NAMES.items() for name in names.split()}

CONVOLUTIONS = frozenset(f"conv{transposed}{axes}d" for transposed in ("", "_transpose") for axes in (1, 2, 3))
MATRIX_PRODUCTS = frozenset(name for name, kind in _KINDS.items() if kind is Kind.MATRIX_PRODUCT)
#: Reorder axes: the channel is no longer where it was.
MOVING = frozenset(("transpose", "permute", "swapaxes", "swapdims", "movedim", "moveaxis", "t"))
#: Output 0 for a whole half line: what makes a unit dead.
RECTIFIERS = frozenset(("relu", "relu6", "threshold", "clamp_min"))
#: name -> (lower limit, upper limit) beyond which an output counts as saturated.
LIMITS = {
    "tanh": (-0.99, 0.99),
    "sigmoid": (0.01, 0.99),
    "expit": (0.01, 0.99),
    "hardtanh": (-0.9999, 0.9999),
    "hardsigmoid": (0.0001, 0.9999),
    "erf": (-0.99, 0.99),
    "softsign": (-0.99, 0.99),
}


def plain_name(function: Callable[..., object]) -> str:
    """`torch.Tensor.__iadd__` -> iadd, `torch.relu_` -> relu."""
    return str(getattr(function, "__name__", "")).strip("_")


def kind_of(name: str) -> Kind:
    """The kind of the operation with this plain name."""
    return _KINDS.get(name, Kind.OTHER)
