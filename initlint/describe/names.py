"""One spelling for each thing of torch: `torch.nn.modules.linear.Linear` is `torch.nn.Linear`."""

from __future__ import annotations

import re

_PREFIXES = (
    (re.compile(r"^torch\.nn\.modules\.(?:\w+\.)?(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.(?:parameter)\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.utils\.weight_norm\.(?=w)"), "torch.nn.utils."),
    (re.compile(r"^torch\.nn\.utils\.spectral_norm\.(?=s)"), "torch.nn.utils."),
    (re.compile(r"^torch\.nn\.utils\.parametrizations\.(?=\w)"), "torch.nn.utils.parametrizations."),
    (re.compile(r"^pytorch_lightning\.|^lightning\.pytorch\.|^lightning\."), "lightning."),
    (re.compile(r"^transformers\.initialization\."), "torch.nn.init."),
    (re.compile(r"^transformers\.initialization$"), "torch.nn.init"),
    (re.compile(r"^torch\.nn\.init\.no_grad_"), "torch.nn.init._no_grad_"),
)

# Helpers of other libraries that do exactly what torch.nn.init's function of the same name does, argument for argument.
_SAME_AS_TORCH = frozenset({"trunc_normal_", "lecun_normal_", "variance_scaling_", "trunc_normal_tf_"})
_INIT_LIBRARIES = ("timm.", "mmcv.", "mmengine.", "mmseg.", "detectron2.", "fvcore.")


def canonical(dotted: str) -> str:
    """The public name of what `dotted` means."""
    for pattern, replacement in _PREFIXES:
        if pattern.match(dotted):
            return pattern.sub(replacement, dotted)
    head, _, last = dotted.rpartition(".")
    if last in _SAME_AS_TORCH and head.startswith(_INIT_LIBRARIES):
        return "torch.nn.init.trunc_normal_" if last == "trunc_normal_" else f"timm.layers.{last}"
    return dotted
