"""Which files can matter, told from their bytes."""

from __future__ import annotations

import re

# A file without any of these neither builds a layer nor writes a weight, by itself or for another file of the
# project: `nn` may come from the project's own module, and an init helper or a training script may name no library.
# Of transformers' 2,860 files 1,531 are left, 1,481 of them by the first word.
_WORDS = (
    b"torch",
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
    b"_init(",
)
_IN_PLACE = re.compile(rb"[a-z]_\(|\binit_\w*\(|[^_]_init_(?!_)\w*\(")  # w.zero_(), init_weights(), net._init_layers()


def can_matter(data: bytes) -> bool:
    """Whether a file may hold, or help to initialise, a model."""
    return any(word in data for word in _WORDS) or _IN_PLACE.search(data) is not None
