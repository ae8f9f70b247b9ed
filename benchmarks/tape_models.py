"""The models that the tape is measured on. Each function builds one; libraries are imported when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
from torch import nn

_OPERATORS = torch.library.Library("torchvision", "FRAGMENT")


def name_operators() -> None:
    """Give torchvision's operators names where its compiled part does not load."""
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            _OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _transformers(model: str, config: str, **arguments: object) -> nn.Module:
    name_operators()  # transformers imports torchvision where it is there
    library = importlib.import_module("transformers")
    return getattr(library, model)(getattr(library, config)(**arguments))  # type: ignore[no-any-return]


def _timm(name: str) -> nn.Module:
    name_operators()
    return importlib.import_module("timm").create_model(name)  # type: ignore[no-any-return]


def _torchvision(name: str) -> nn.Module:
    # The wheel's compiled part may belong to another torch: the models need only that its operators have names.
    name_operators()
    return getattr(importlib.import_module("torchvision.models"), name)(weights=None)  # type: ignore[no-any-return]


LLAMA_70B = {
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_attention_heads": 64,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
MAMBA2 = {"hidden_size": 4096, "num_heads": 128, "head_dim": 64, "num_hidden_layers": 64, "n_groups": 8}

MODELS: dict[str, Callable[[], nn.Module]] = {
    "resnet50 (transformers)": lambda: _transformers("ResNetForImageClassification", "ResNetConfig"),
    "vit-b16 (transformers)": lambda: _transformers("ViTForImageClassification", "ViTConfig"),
    "gpt2": lambda: _transformers("GPT2LMHeadModel", "GPT2Config"),
    "bert": lambda: _transformers("BertForPreTraining", "BertConfig"),
    "llama-70b": lambda: _transformers("LlamaForCausalLM", "LlamaConfig", **LLAMA_70B),
    "mamba2-7b": lambda: _transformers("Mamba2ForCausalLM", "Mamba2Config", **MAMBA2),
    "lstm": lambda: nn.LSTM(512, 1024, num_layers=4),
    "multihead attention": lambda: nn.MultiheadAttention(1024, 16),
    "transformer encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(768, 12), 12),
    "10,000 linears of 65,536": lambda: nn.Sequential(*(nn.Linear(65_536, 65_536) for _ in range(10_000))),
    "resnet50 (torchvision)": lambda: _torchvision("resnet50"),
    "inception_v3 (torchvision)": lambda: _torchvision("inception_v3"),
    "vit_b_16 (torchvision)": lambda: _torchvision("vit_b_16"),
    "swin_b (torchvision)": lambda: _torchvision("swin_b"),
    "convnext_base (torchvision)": lambda: _torchvision("convnext_base"),
    "resnet50 (timm)": lambda: _timm("resnet50"),
    "vit_base_patch16_224 (timm)": lambda: _timm("vit_base_patch16_224"),
    "swin_base_patch4_window7_224 (timm)": lambda: _timm("swin_base_patch4_window7_224"),
    "convnext_base (timm)": lambda: _timm("convnext_base"),
}
"""Name -> builder."""

REAL_LIMIT = 3_000_000_000
"""Weights, in bytes, that may be allocated to compare the closed form with a real instance."""
