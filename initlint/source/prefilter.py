"""Which files can matter, told from their bytes."""

from __future__ import annotations

import re
from string import ascii_lowercase, digits

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
# Each starts with plain letters, which are found many times as fast as a class of them would be.
_IN_PLACE = re.compile(rb"_\(")  # w.zero_()
_INIT = re.compile(rb"init(?=\w*\()")  # init_weights(), net.initialize(); not isfinite()
_NN = re.compile(rb"nn\b(?<!\wnn)")  # torch.nn under any name
_MADE = re.compile(rb"torch\.(?:randn|rand|normal|empty|eye)\(")  # what a parameter may be made from
_LETTERS = (ascii_lowercase + digits + "_").encode()
_LONGEST = 60  # bytes of a name


def can_matter(data: bytes) -> bool:
    """Whether a file may hold, or help to initialise, a model."""
    return (
        any(word in data for word in _WORDS)
        or any(data[match.start() - 1 : match.start()].islower() for match in _IN_PLACE.finditer(data))
        or _NN.search(data) is not None
        or _MADE.search(data) is not None
        or _calls_an_init(data.lower())
    )


def _calls_an_init(data: bytes) -> bool:
    return any(_is_public(data, match.start()) for match in _INIT.finditer(data))


def _is_public(data: bytes, place: int) -> bool:
    """Whether the word with an `init` at `place` is no `__init__`, and no `finite`."""
    before = data[max(0, place - _LONGEST) : place]
    head = before[len(before.rstrip(_LETTERS)) :]
    return not head.startswith(b"__") and not head.endswith(b"f")
