"""False alarms of the signal's verdicts on installed models: each is built small or as it comes, and measured.

pip install torchvision timm transformers; python benchmarks/propagation_zoo.py > benchmarks/propagation_zoo.md
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import torch
from torch import nn

from initlint.runtime.propagation import measure
from initlint.runtime.verdicts import judge

SIZES = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 128}
TRANSFORMERS = {
    "BertForMaskedLM": {"vocab_size": 500, **SIZES},
    "RobertaForMaskedLM": {"vocab_size": 500, **SIZES},
    "GPT2LMHeadModel": {"vocab_size": 500, "n_embd": 64, "n_layer": 8, "n_head": 4},
    "LlamaForCausalLM": {"vocab_size": 500, **SIZES, "num_key_value_heads": 2},
    "GemmaForCausalLM": {"vocab_size": 500, **SIZES, "num_key_value_heads": 2, "head_dim": 16},
    "MixtralForCausalLM": {"vocab_size": 500, **SIZES, "num_key_value_heads": 2, "num_local_experts": 4},
    "MambaForCausalLM": {"vocab_size": 500, "hidden_size": 64, "num_hidden_layers": 2},
    "T5ForConditionalGeneration": {"vocab_size": 500, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 3},
    "ViTForImageClassification": {"image_size": 32, "patch_size": 8, **SIZES},
    "ResNetForImageClassification": {"embedding_size": 16, "hidden_sizes": [32, 64, 128, 256], "depths": [2, 2, 2, 2]},
    "ASTForAudioClassification": {**SIZES, "max_length": 64, "num_mel_bins": 32},
}
TORCHVISION = (
    "resnet18 resnet50 vgg11 vgg16 vgg11_bn alexnet squeezenet1_1 densenet121 mobilenet_v2 mobilenet_v3_small "
    "shufflenet_v2_x1_0 efficientnet_b0 regnet_y_400mf mnasnet0_5 convnext_tiny vit_b_16 swin_t"
)
TIMM = (
    "vit_tiny_patch16_224 convnext_atto mixer_s32_224 nf_resnet26 nf_regnet_b0 dm_nfnet_f0 resmlp_12_224 "
    "cait_xxs24_224 levit_128s edgenext_xx_small visformer_tiny repvgg_a0 gmlp_ti16_224 hrnet_w18_small dla34 "
    "ghostnet_050 xception41 swinv2_tiny_window8_256 mobilevit_xxs pit_ti_224 crossvit_tiny_240 sequencer2d_s"
)


def models() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """(name, function that builds it)."""
    from tape_models import name_operators  # beside this file

    name_operators()
    import timm
    import torchvision
    import transformers

    for name, settings in TRANSFORMERS.items():
        cls = getattr(transformers, name)
        yield f"transformers {name}", lambda cls=cls, settings=settings: cls(cls.config_class(**settings))
    for name in TORCHVISION.split():
        yield f"torchvision {name}", lambda name=name: getattr(torchvision.models, name)(weights=None)
    for name in TIMM.split():
        yield f"timm {name}", lambda name=name: timm.create_model(name)


def main() -> None:
    """One line for each model."""
    warnings.simplefilter("ignore")
    print("| model | input | layer calls | longest plain path | verdicts |\n|---|---|---|---|---|")
    for name, build in models():
        torch.manual_seed(0)
        report = measure(build(), seeds=2)
        longest = max((len(path.rows) for path in report.paths), default=0)
        told = "; ".join(f"{verdict.code} {verdict.message}" for verdict in judge(report)) or "none"
        print(f"| {name} | {report.inputs} | {len(report.layers)} | {longest} | {report.problem or told} |", flush=True)


if __name__ == "__main__":
    main()
