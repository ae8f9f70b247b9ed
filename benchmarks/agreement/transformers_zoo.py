"""How much of real models does the description know, and is it true?

    python benchmarks/agreement/transformers_zoo.py [--verbose] [MODEL_TYPE ...]

For each architecture of the installed transformers: describe its class from source, build the same class from a
small configuration with torch, and hold every claim (scheme, mean, std, shape) against the live parameter.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModel

from initlint.describe.build import read_class
from initlint.describe.nodes import Parameter
from initlint.describe.project import Project
from initlint.describe.symbols import Sym, number
from initlint.describe.values import ClassRef
from initlint.source.text import SourceText

ARCHITECTURES = [
    "albert",
    "bart",
    "beit",
    "bert",
    "big_bird",
    "biogpt",
    "blenderbot",
    "bloom",
    "camembert",
    "canine",
    "clip",
    "codegen",
    "convbert",
    "convnext",
    "convnextv2",
    "cvt",
    "deberta",
    "deberta-v2",
    "deit",
    "dinov2",
    "distilbert",
    "dpt",
    "electra",
    "ernie",
    "esm",
    "falcon",
    "fnet",
    "focalnet",
    "gemma",
    "gemma2",
    "git",
    "glm",
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "gptj",
    "granite",
    "hubert",
    "ibert",
    "llama",
    "longformer",
    "longt5",
    "luke",
    "mamba",
    "mamba2",
    "marian",
    "mbart",
    "mistral",
    "mixtral",
    "mobilebert",
    "mobilevit",
    "mobilenet_v2",
    "mpnet",
    "mpt",
    "mra",
    "mt5",
    "nystromformer",
    "olmo",
    "opt",
    "pegasus",
    "persimmon",
    "phi",
    "poolformer",
    "pvt",
    "qwen2",
    "regnet",
    "rembert",
    "resnet",
    "roberta",
    "roformer",
    "rwkv",
    "segformer",
    "sew",
    "siglip",
    "splinter",
    "squeezebert",
    "stablelm",
    "starcoder2",
    "swin",
    "swinv2",
    "t5",
    "vit",
    "vit_mae",
    "vit_msn",
    "wav2vec2",
    "whisper",
    "xglm",
    "xlm",
    "xlm-roberta",
    "xlnet",
    "xmod",
    "yolos",
    "yoso",
]
SMALL = {
    "hidden_size": 48,
    "d_model": 48,
    "n_embd": 48,
    "embed_dim": 48,
    "dim": 48,
    "num_hidden_layers": 2,
    "n_layer": 2,
    "n_layers": 2,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_attention_heads": 4,
    "n_head": 4,
    "n_heads": 4,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "num_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "encoder_ffn_dim": 96,
    "decoder_ffn_dim": 96,
    "ffn_dim": 96,
    "d_ff": 96,
    "d_kv": 12,
    "vocab_size": 500,
    "head_dim": 12,
    "hidden_dim": 96,
    "embedding_size": 32,
    "num_local_experts": 2,
}


def small(model_type: str) -> Any:
    """A configuration of the type, small where its fields allow it."""
    plain = AutoConfig.for_model(model_type)
    wanted = {name: value for name, value in SMALL.items() if isinstance(getattr(plain, name, None), int)}
    for overrides in (wanted, {k: v for k, v in wanted.items() if "layer" in k or k == "vocab_size"}, {}):
        config = AutoConfig.for_model(model_type, **overrides)
        if getattr(config, "pad_token_id", None) is not None and config.pad_token_id >= 500:
            config.pad_token_id = 1
        try:
            torch.manual_seed(0)
            return config, AutoModel.from_config(config)
        except Exception:  # any architecture may refuse a size; the next is tried
            continue
    raise ValueError(model_type)


def substituted(value: Any, config: Any) -> float | None:
    """A claimed dimension with the configuration's own numbers put in."""
    if not isinstance(value, Sym):
        return number(value)
    total = 0.0
    for monomial, coefficient in value.terms.items():
        term = float(coefficient)
        for atom, exponent in monomial:
            inner = substituted(atom.inner, config) if atom.inner is not None else looked_up(atom, config)
            if inner is None or (inner <= 0 and not exponent.is_integer()):
                return None
            term *= inner ** float(exponent)
        total += term
    return total


def looked_up(atom: Any, config: Any) -> float | None:
    """The configuration's value of `config.hidden_size`."""
    if re.fullmatch(r"config(\.\w+)+", atom.name):
        target = config
        for name in atom.name.split(".")[1:]:
            target = getattr(target, name, None)
        if isinstance(target, (int, float)) and not isinstance(target, bool):
            return float(target)
        return None
    if match := re.fullmatch(r"(config\.\w+|\d+) // (config\.\w+|\d+)", atom.name):
        parts = [float(getattr(config, part.removeprefix("config."), part) or "nan") for part in match.groups()]
        return parts[0] // parts[1] if not any(map(math.isnan, parts)) else None
    return number(Sym.atom(atom.name, atom.default))


def verdict(parameter: Parameter, tensor: torch.Tensor, config: Any) -> str:
    """`true`, `false`, or `unknown` for the claim about one parameter."""
    event = parameter.effective
    if event is None or event.scheme in ("unknown", "copy") or parameter.after:
        return "unknown"
    values = tensor.detach().double().flatten()
    if event.scheme == "zeros":
        return "true" if bool((values == 0).all()) else "false"
    if event.scheme == "ones":
        return "true" if bool((values == 1).all()) else "false"
    if event.scheme == "empty":
        return "unknown"
    std, mean = substituted(event.std, config), substituted(event.mean, config)
    if event.scheme == "constant":
        if mean is None:
            return "unknown"
        return "true" if torch.allclose(values, torch.full_like(values, mean)) else "false"
    if std is None:
        return "unknown"
    n = values.numel()
    if n < 2 or std == 0:
        return "unknown" if n < 2 else "false"
    measured = values.std().item()
    tolerance = 6 * std / math.sqrt(2 * n) + 1e-9
    if event.scheme == "orthogonal":
        tolerance = 0.1 * std
    centred = mean is None or abs(values.mean().item() - mean) < 6 * std / math.sqrt(n) + 1e-9
    padded = tensor.ndim == 2 and tensor.shape[0] == getattr(config, "vocab_size", -1)
    return "true" if centred and abs(measured - std) < tolerance + (0.01 * std if padded else 0) else "false"


def claims(project: Project, model: torch.nn.Module) -> dict[str, Parameter]:
    """The description's parameters of the live model's class, by pattern."""
    cls = type(model)
    path = sys.modules[cls.__module__].__file__ or ""
    file = project.file(path)
    if file is None or cls.__name__ not in file.classes:
        return {}
    described, _ = read_class(project, ClassRef(file.classes[cls.__name__], file))
    return {parameter.name: parameter for parameter in described.parameters}


def main() -> None:
    """Print a line an architecture and the totals."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("types", nargs="*")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    root = Path(transformers.__file__).parent
    project = Project.index(SourceText(str(path), path.read_text(encoding="utf-8")) for path in root.rglob("*.py"))
    total: Counter[str] = Counter()
    built = 0
    for model_type in options.types or ARCHITECTURES:
        try:
            config, model = small(model_type)
        except Exception as error:  # an architecture that cannot be built here is told and left out
            print(f"{model_type:16} not built: {type(error).__name__}")
            continue
        built += 1
        known = claims(project, model)
        patterns = [(re.compile(re.sub(r"\\\*", r"\\d+", re.escape(name))), one) for name, one in known.items()]
        counts: Counter[str] = Counter()
        for name, tensor in model.named_parameters():
            match = known.get(name) or next((one for pattern, one in patterns if pattern.fullmatch(name)), None)
            result = verdict(match, tensor, config) if match is not None else "missing"
            counts[result] += 1
            if options.verbose and result != "true":
                event = match.effective if match else None
                claim = f"{event.scheme} {event.std} line {event.site.line if event.site else ''}" if event else "none"
                print(f"    {result:8}{name} {tuple(tensor.shape)} std {tensor.float().std():.4g}, claim {claim}")
        total += counts
        print(f"{model_type:16} {sum(counts.values()):5} parameters  {dict(counts)}", flush=True)
    parameters = sum(total.values())
    spoken = total["true"] + total["false"]
    right = total["true"] / max(spoken, 1)
    print(f"{built} architectures, {parameters} parameters: {spoken / parameters:.1%} known, {right:.2%} of these true")


if __name__ == "__main__":
    main()
