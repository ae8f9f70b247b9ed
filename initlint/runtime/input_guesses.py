"""What a model probably takes, told by its configuration or its first layers; the likeliest first (child)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch import nn

from initlint.runtime.inputs import Arguments, Example, gaussian, integers, parameter_names, required_parameters
from initlint.runtime.named_guesses import by_name

_VECTORS = 256  # samples where one is a vector
_IMAGES = 8
_SEQUENCES = 4
_LENGTH = 32
_SIDES = (32, 28, 64, 224, 128, 256, 96, 299, 512, 16)
_LENGTHS_1D = (64, 256, 1024, 16000)
_MOST = 40  # attempts


def guesses(model: nn.Module) -> Iterator[Example]:
    """Candidates to try: at most forty by the layers, then a few by the names of forward's parameters."""
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "to_dict"):
        yield from islice(_from_config(model, config), _MOST)
        return
    yield from islice(_from_layers(model), _MOST)
    yield from by_name(model)


def _from_config(model: nn.Module, config: Any) -> Iterator[Example]:
    for length in (_LENGTH, 16, 8):
        pieces = _pieces(model, config, length)
        if pieces:
            yield Example(" and ".join(f"{name} {shape}" for name, (shape, _) in pieces.items()), _maker(pieces))


Piece = tuple[tuple[int, ...], int]  # shape, and the number of indices (0: floats)


def _pieces(model: nn.Module, config: Any, length: int) -> dict[str, Piece]:
    accepted = parameter_names(model)
    names = [getattr(model, "main_input_name", "input_ids"), *required_parameters(model)]
    if _part(config, "vision_config") is not config:
        names += ["input_ids", "pixel_values"]
    if getattr(config, "is_encoder_decoder", False):
        names.append("decoder_input_ids")
    wanted = [name for name in dict.fromkeys(names) if name in accepted]
    return {name: piece for name in wanted if (piece := _piece(name, config, length)) is not None}


def _piece(name: str, config: Any, length: int) -> Piece | None:
    text, vision = _part(config, "text_config"), _part(config, "vision_config")
    vocabulary = _number(text, "vocab_size", "n_vocab", default=0)
    limit = _number(text, "max_position_embeddings", "n_positions", "max_target_positions", default=512)
    tokens = min(length, max(1, limit - 2))
    match name:
        case "input_ids" | "decoder_input_ids" if vocabulary:
            return (_SEQUENCES, tokens), vocabulary
        case "pixel_values":
            channels = _number(vision, "num_channels", "in_channels", "in_chans", default=3)
            return (_IMAGES // 2, channels, *_sides(vision)), 0
        case "input_values":
            return _audio(config)
        case "input_features":
            bins = _number(config, "num_mel_bins", "feature_size", "input_feat_per_channel", default=80)
            frames = 2 * _number(config, "max_source_positions", default=100)
            return (_SEQUENCES // 2, bins, frames), 0
        case "inputs_embeds" | "hidden_states":
            return (_SEQUENCES, tokens, _number(text, "hidden_size", "d_model", "n_embd", default=64)), 0
        case _:
            return None


def _audio(config: Any) -> Piece:
    if hasattr(config, "max_length") and hasattr(config, "num_mel_bins"):
        return (_SEQUENCES // 2, config.max_length, config.num_mel_bins), 0
    return (_SEQUENCES // 2, 8000), 0


def _maker(pieces: dict[str, Piece]) -> Any:
    def make(seed: int) -> Arguments:
        generator = torch.Generator().manual_seed(seed)
        found: dict[str, Any] = {}
        for name, (shape, high) in pieces.items():
            # Index 0 is often padding: a batch of it would be masked away.
            found[name] = (
                torch.randint(min(3, high - 1), high, shape, generator=generator)
                if high
                else torch.randn(shape, generator=generator, dtype=torch.float64).to(torch.get_default_dtype())
            )
        return (), found

    return make


def _part(config: Any, name: str) -> Any:
    return getattr(config, name, None) or config


def _number(config: Any, *names: str, default: int) -> int:
    for name in names:
        value = getattr(config, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return default


def _sides(config: Any) -> tuple[int, ...]:
    size = getattr(config, "image_size", None) or getattr(config, "img_size", None) or 224
    if isinstance(size, (tuple, list)):
        return tuple(int(side) for side in size[-2:])
    return (int(size), int(size)) if isinstance(size, int) else (224, 224)


def _from_layers(model: nn.Module) -> Iterator[Example]:
    count = max(1, len(required_parameters(model)))
    layers: list[nn.Module] = [module for module in model.modules() if isinstance(module, _FIRST)]
    layers = layers or [module for module in model.modules() if not module._modules][:1]
    for layer in layers[:3]:
        for example in _for_layer(model, layer):
            yield example if count == 1 else _repeated(example, count)
    for name in required_parameters(model)[1:2]:
        # A diffusion model's forward(x, t), a classifier's forward(ids, mask).
        for layer in layers[:1]:
            for example in _for_layer(model, layer):
                yield _with_second(example, name)


_FIRST = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Embedding, nn.EmbeddingBag,
    nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, nn.Transformer, nn.Bilinear, nn.BatchNorm1d, nn.BatchNorm2d,
    nn.LayerNorm,
)  # fmt: skip


def _for_layer(model: nn.Module, layer: nn.Module) -> Iterator[Example]:
    match layer:
        case nn.Conv2d() | nn.BatchNorm2d() | nn.ConvTranspose2d():
            yield from _for_images(model, layer)
        case nn.Conv1d() | nn.ConvTranspose1d():
            yield from (gaussian((_IMAGES, layer.in_channels, length)) for length in _LENGTHS_1D)
        case nn.Conv3d():
            yield from (gaussian((2, layer.in_channels, side, side, side)) for side in (16, 32, 64))
        case nn.Embedding() | nn.EmbeddingBag():
            yield from (integers(layer.num_embeddings, (_IMAGES, length)) for length in (_LENGTH, 16, 8, 4, 1))
            yield integers(layer.num_embeddings, (_VECTORS,))
        case nn.Bilinear():
            yield gaussian((_VECTORS, layer.in1_features), (_VECTORS, layer.in2_features))
        case _:
            yield from _for_vectors(layer)


def _for_images(model: nn.Module, layer: nn.Conv2d | nn.BatchNorm2d | nn.ConvTranspose2d) -> Iterator[Example]:
    channels = layer.num_features if isinstance(layer, nn.BatchNorm2d) else layer.in_channels
    if isinstance(layer, nn.ConvTranspose2d):
        # A generator's latent vector.
        yield gaussian((_IMAGES * 4, channels, 1, 1))
        yield gaussian((_IMAGES * 4, channels))
    yield from _images(model, channels)
    yield from _vectors(channels)


def _for_vectors(layer: nn.Module) -> Iterator[Example]:
    match layer:
        case nn.Linear():
            yield from _vectors(layer.in_features)
        case nn.RNNBase() | nn.RNNCellBase():
            yield gaussian((_IMAGES * 2, _LENGTH, layer.input_size))
            yield gaussian((_VECTORS, layer.input_size))
        case nn.MultiheadAttention():
            yield gaussian((_IMAGES, _LENGTH, layer.embed_dim))
        case nn.Transformer():
            yield gaussian((_LENGTH, _IMAGES, layer.d_model))
        case nn.BatchNorm1d():
            yield from _vectors(layer.num_features)
        case nn.LayerNorm():
            yield from _vectors(layer.normalized_shape[-1])
        case _:
            yield gaussian((_VECTORS, 64))
            yield gaussian((_IMAGES, 3, 32, 32))


def _vectors(size: int) -> Iterator[Example]:
    yield gaussian((_VECTORS, size))
    yield gaussian((_IMAGES, _LENGTH, size))
    for channels in (1, 3):
        side = round((size / channels) ** 0.5)
        if side * side * channels == size and side > 1:
            yield gaussian((_VECTORS, channels, side, side))


def _images(model: nn.Module, channels: int) -> Iterator[Example]:
    declared = _declared_side(model)
    for side in dict.fromkeys((*declared, *_SIDES)):
        yield gaussian((_IMAGES * 2 if side <= 64 else _IMAGES // 2, channels, side, side))


def _declared_side(model: nn.Module) -> tuple[int, ...]:
    for module in model.modules():
        for name in ("img_size", "image_size", "input_size", "input_resolution"):
            value = getattr(module, name, None)
            if isinstance(value, (tuple, list)) and value and isinstance(value[-1], int):
                value = value[-1]
            if isinstance(value, int) and 4 <= value <= 1024:
                return (value,)
    return ()


def _repeated(example: Example, count: int) -> Example:
    def make(seed: int) -> Arguments:
        return tuple(example.make(seed + index)[0][0] for index in range(count)), {}

    return Example(f"{count} times {example.text}", make)


def _with_second(example: Example, name: str) -> Example:
    def make(seed: int) -> Arguments:
        (first,), _ = example.make(seed)
        generator = torch.Generator().manual_seed(seed + 1)
        # An index of a step or a class is small; a float would do for the few that embed it themselves.
        return (first, torch.randint(0, 8, (first.shape[0],), generator=generator)), {}

    return Example(f"{example.text} and indices for {name}", make)
