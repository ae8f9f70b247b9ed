"""Which files can matter, told from their bytes."""

from __future__ import annotations

import re

# A file without any of these neither builds a layer nor writes a weight, by itself or for another file of the
# project: `nn` may come from the project's own module, and an init helper or a training script may name no library.
# Of transformers' 2,860 files 1,340 are left; that a file names torch says little.
_WORDS = (
    b"nn.",
    b"import nn",
    b"timm",
    b"mmcv",
    b"mmengine",
    b"PreTrainedModel",
    b"LightningModule",
    b".apply(",
    b"reset_parameters",
    b"Parameter(",
    b"load_state_dict",
    b"from_pretrained",
    b"manual_seed",
    b"to_empty",
    b"deepcopy",
)
_CALLS = re.compile(
    rb"[a-z]_\(|(?i:\b(?!__)\w*(?<!f)init\w*\()"  # w.zero_(), init_weights(), net.initialize(); not isfinite()
    rb"|\bnn\b|torch\.(?:randn|rand|normal|empty|eye)\("  # torch.nn under any name, what a parameter may be made from
)


def can_matter(data: bytes) -> bool:
    """Whether a file may hold, or help to initialise, a model."""
    return any(word in data for word in _WORDS) or _CALLS.search(data) is not None
