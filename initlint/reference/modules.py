"""Modules and functions without weights of their own: activations, normalisations, and what only moves numbers."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PASSTHROUGH: frozenset[str] = _words(
    """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d
    AlphaDropout AvgPool1d AvgPool2d AvgPool3d ChannelShuffle CircularPad1d CircularPad2d CircularPad3d
    ConstantPad1d ConstantPad2d ConstantPad3d Dropout Dropout1d Dropout2d Dropout3d DropPath FeatureAlphaDropout
    Flatten Fold FractionalMaxPool2d FractionalMaxPool3d Identity LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d
    MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d PixelShuffle PixelUnshuffle ReflectionPad1d ReflectionPad2d
    ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d StochasticDepth Unflatten Unfold Upsample
    UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d
    """
)
"""Module classes that neither weigh nor bend the signal: dropout, reshaping, pooling, padding, resampling."""

PASSTHROUGH_FUNCTIONS: frozenset[str] = _words(
    """
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
    adaptive_max_pool3d alpha_dropout avg_pool1d avg_pool2d avg_pool3d channel_shuffle clone contiguous cpu cuda
    detach dropout dropout1d dropout2d dropout3d dropout_ drop_path expand expand_as feature_alpha_dropout flatten
    float fold fractional_max_pool2d fractional_max_pool3d half interpolate lp_pool1d lp_pool2d lp_pool3d max_pool1d
    max_pool2d max_pool3d movedim moveaxis mT narrow pad permute pixel_shuffle pixel_unshuffle repeat reshape
    reshape_as roll stochastic_depth squeeze swapaxes swapdims T to transpose type_as unflatten unfold unsqueeze
    upsample view view_as
    """
)
"""The same as functions of `torch`, `torch.nn.functional` or `torchvision.ops`, and as tensor methods."""

ACTIVATIONS: dict[str, str] = {
    "AccurateGELUActivation": "gelu_tanh",
    "CELU": "celu",
    "ClippedGELUActivation": "gelu",
    "ELU": "elu",
    "FastGELUActivation": "gelu_tanh",
    "GELU": "gelu",
    "GELUActivation": "gelu",
    "GELUTanh": "gelu_tanh",
    "GEGLU": "geglu",
    "GLU": "glu",
    "HardMish": "hardmish",
    "HardSigmoid": "hardsigmoid",
    "HardSwish": "hardswish",
    "Hardshrink": "hardshrink",
    "Hardsigmoid": "hardsigmoid",
    "Hardswish": "hardswish",
    "Hardtanh": "hardtanh",
    "HSigmoid": "hardsigmoid",
    "HSwish": "hardswish",
    "Identity": "identity",
    "LaplaceActivation": "laplace",
    "LeakyReLU": "leaky_relu",
    "LinearActivation": "identity",
    "LogSigmoid": "log_sigmoid",
    "LogSoftmax": "log_softmax",
    "Mish": "mish",
    "MishActivation": "mish",
    "NewGELU": "gelu_tanh",
    "NewGELUActivation": "gelu_tanh",
    "PReLU": "prelu",
    "PytorchGELUTanh": "gelu_tanh",
    "QuickGELU": "quick_gelu",
    "QuickGELUActivation": "quick_gelu",
    "RReLU": "rrelu",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "ReLUSquared": "relu_squared",
    "ReLUSquaredActivation": "relu_squared",
    "SELU": "selu",
    "SiLU": "silu",
    "SiLUActivation": "silu",
    "Sigmoid": "sigmoid",
    "Sine": "sin",
    "Siren": "sin",
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "Softmin": "softmax",
    "Softplus": "softplus",
    "Softshrink": "softshrink",
    "Softsign": "softsign",
    "SwiGLU": "swiglu",
    "Swish": "silu",
    "Tanh": "tanh",
    "Tanhshrink": "tanhshrink",
    "Threshold": "threshold",
}
"""Class name of an activation (torch.nn, transformers, timm, torchvision) -> its canonical name."""

ACTIVATION_FUNCTIONS: dict[str, str] = {
    "celu": "celu",
    "celu_": "celu",
    "elu": "elu",
    "elu_": "elu",
    "gelu": "gelu",
    "gelu_": "gelu",
    "glu": "glu",
    "hardshrink": "hardshrink",
    "hardsigmoid": "hardsigmoid",
    "hardsigmoid_": "hardsigmoid",
    "hardswish": "hardswish",
    "hardswish_": "hardswish",
    "hardtanh": "hardtanh",
    "hardtanh_": "hardtanh",
    "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu",
    "log_softmax": "log_softmax",
    "logsigmoid": "log_sigmoid",
    "mish": "mish",
    "prelu": "prelu",
    "relu": "relu",
    "relu6": "relu6",
    "relu_": "relu",
    "rrelu": "rrelu",
    "rrelu_": "rrelu",
    "selu": "selu",
    "selu_": "selu",
    "sigmoid": "sigmoid",
    "sigmoid_": "sigmoid",
    "silu": "silu",
    "silu_": "silu",
    "sin": "sin",
    "sin_": "sin",
    "softmax": "softmax",
    "softmin": "softmax",
    "softplus": "softplus",
    "softshrink": "softshrink",
    "softsign": "softsign",
    "special_expit": "sigmoid",
    "tanh": "tanh",
    "tanh_": "tanh",
    "tanhshrink": "tanhshrink",
    "threshold": "threshold",
}
"""Last name of a function of `torch` or `torch.nn.functional`, or of a tensor method -> canonical activation."""

NORMS: frozenset[str] = _words(
    """
    BatchNorm1d BatchNorm2d BatchNorm3d BatchNormAct2d CrossMapLRN2d EvoNorm2dB0 EvoNorm2dS0 FrozenBatchNorm2d
    FusedLayerNorm FusedRMSNorm GroupNorm GroupNorm1 GroupNormAct InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm
    LayerNorm2d LayerNormAct LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d
    LazyInstanceNorm3d LlamaRMSNorm LocalResponseNorm MixedFusedLayerNorm MixedFusedRMSNorm RMSNorm RMSNorm2d
    SimpleNorm SyncBatchNorm T5LayerNorm
    """
)
"""Module classes that normalise: the scale of what comes in does not matter to what goes out."""

NORM_FUNCTIONS: frozenset[str] = _words(
    """
    batch_norm group_norm instance_norm layer_norm local_response_norm normalize rms_norm
    """
)
"""Functions of `torch.nn.functional` that normalise."""
