"""Which files can matter, told from their bytes."""

from __future__ import annotations

import re

# A file without any of these neither builds a layer nor writes a weight, by itself or for another file of the
# project: `nn` may come from the project's own module, and an init helper or a training script may name no library.
_WORDS = (
    b"torch",
    b"nn.",
    b"timm",
    b"transformers",
    b"mmcv",
    b"mmengine",
    b"lightning",
    b".apply(",
    b"reset_parameters",
    b"Parameter(",
)
_INIT = re.compile(rb"(?<!_)init_(?!_)|(?<!_)_init(?!_)|import nn\b")


def can_matter(data: bytes) -> bool:
    """Whether a file may hold, or help to initialise, a model."""
    return any(word in data for word in _WORDS) or _INIT.search(data) is not None
