"""False alarms of the whole runtime side on public models: every check, every finding, each with a verdict.

    pip install transformers timm torchvision
    python benchmarks/runtime_zoo.py > benchmarks/runtime_zoo.md

transformers' models are built from small configurations, timm's and torchvision's as they come. `runtime_zoo.tsv` holds
what a reader of the model's source made of each finding: model, code, layer, true or false, why.
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn

from initlint.config import Settings
from initlint.finding import Finding, Severity
from initlint.runtime.check import check_model

DECLARED = torch.library.Library("torchvision", "FRAGMENT")
VERDICTS = Path(__file__).with_suffix(".tsv")
SMALL = {
    "vocab_size": 500,
    "hidden_size": 64,
    "d_model": 64,
    "dim": 64,
    "n_embd": 64,
    "embed_dim": 64,
    "num_hidden_layers": 4,
    "num_layers": 4,
    "n_layer": 4,
    "n_layers": 4,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "num_attention_heads": 4,
    "n_head": 4,
    "n_heads": 4,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 128,
    "ffn_dim": 128,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "d_ff": 128,
    "d_kv": 16,
    "hidden_dim": 128,
    "image_size": 32,
    "patch_size": 8,
    "max_position_embeddings": 128,
    "embedding_size": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "BertForMaskedLM": {"embedding_size": None},
    "BertForSequenceClassification": {},
    "RobertaForMaskedLM": {"max_position_embeddings": 130, "pad_token_id": 1},
    "AlbertForMaskedLM": {},
    "ElectraForMaskedLM": {},
    "DebertaV2ForMaskedLM": {},
    "DistilBertForMaskedLM": {},
    "MPNetForMaskedLM": {"max_position_embeddings": 130, "pad_token_id": 1},
    "ModernBertForMaskedLM": {"cls_token_id": 1, "sep_token_id": 2},
    "GPT2LMHeadModel": {},
    "GPTNeoXForCausalLM": {},
    "GPTJForCausalLM": {"rotary_dim": 8},
    "OPTForCausalLM": {"word_embed_proj_dim": 64},
    "BloomForCausalLM": {},
    "FalconForCausalLM": {},
    "LlamaForCausalLM": {},
    "MistralForCausalLM": {},
    "MixtralForCausalLM": {"num_local_experts": 4},
    "Qwen2ForCausalLM": {},
    "Qwen2MoeForCausalLM": {"num_experts": 4, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 64},
    "Qwen3ForCausalLM": {},
    "GemmaForCausalLM": {},
    "Gemma2ForCausalLM": {},
    "PhiForCausalLM": {},
    "Phi3ForCausalLM": {},
    "StableLmForCausalLM": {},
    "OlmoForCausalLM": {},
    "Olmo2ForCausalLM": {},
    "CohereForCausalLM": {},
    "GraniteForCausalLM": {},
    "MambaForCausalLM": {},
    "Mamba2ForCausalLM": {"num_heads": 8, "head_dim": 16, "n_groups": 1, "state_size": 16},
    "RwkvForCausalLM": {"attention_hidden_size": 64},
    "XGLMForCausalLM": {"attention_heads": 4},
    "T5ForConditionalGeneration": {"num_heads": 4},
    "MT5ForConditionalGeneration": {"num_heads": 4},
    "BartForConditionalGeneration": {},
    "PegasusForConditionalGeneration": {},
    "WhisperForConditionalGeneration": {"num_mel_bins": 16, "max_source_positions": 40, "max_target_positions": 40},
    "ViTForImageClassification": {},
    "DeiTForImageClassification": {},
    "BeitForImageClassification": {},
    "Dinov2ForImageClassification": {},
    "ViTMAEForPreTraining": {"decoder_hidden_size": 32, "decoder_num_attention_heads": 4,
                             "decoder_num_hidden_layers": 2, "decoder_intermediate_size": 64},
    "SwinForImageClassification": {"image_size": 64, "patch_size": 4, "embed_dim": 24, "depths": [2, 2],
                                   "num_heads": [2, 4], "window_size": 4},
    "ConvNextForImageClassification": {"hidden_sizes": [16, 32], "depths": [2, 2], "num_stages": 2, "patch_size": 4},
    "ResNetForImageClassification": {"embedding_size": 16, "hidden_sizes": [32, 64], "depths": [2, 2]},
    "RegNetForImageClassification": {"embedding_size": 16, "hidden_sizes": [32, 64], "depths": [2, 2],
                                     "groups_width": 16},
    "MobileNetV2ForImageClassification": {"image_size": 64},
    "SegformerForImageClassification": {"image_size": 64, "num_attention_heads": None, "hidden_size": None},
    "CLIPVisionModel": {},
    "CLIPTextModel": {"pad_token_id": 1},
    "SiglipVisionModel": {},
    "Wav2Vec2ForCTC": {"conv_dim": [16, 16], "conv_kernel": [10, 3], "conv_stride": [5, 2],
                       "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 16,
                       "num_conv_pos_embedding_groups": 4},
    "HubertForCTC": {"conv_dim": [16, 16], "conv_kernel": [10, 3], "conv_stride": [5, 2],
                     "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4},
    "ASTForAudioClassification": {"max_length": 64, "num_mel_bins": 32, "patch_size": 16},
}  # fmt: skip
TORCHVISION = (
    "resnet18 resnet50 vgg11 vgg11_bn alexnet squeezenet1_1 densenet121 mobilenet_v2 mobilenet_v3_small "
    "shufflenet_v2_x1_0 efficientnet_b0 regnet_y_400mf mnasnet0_5 convnext_tiny vit_b_16 swin_t googlenet"
)
TIMM = (
    "vit_tiny_patch16_224 convnext_atto mixer_s32_224 nf_resnet26 nf_regnet_b0 resmlp_12_224 cait_xxs24_224 "
    "levit_128s edgenext_xx_small visformer_tiny repvgg_a0 gmlp_ti16_224 hrnet_w18_small dla34 ghostnet_050 "
    "swinv2_tiny_window8_256 mobilevit_xxs pit_ti_224 crossvit_tiny_240 beit_base_patch16_224 "
    "deit_tiny_patch16_224 efficientnet_lite0 resnet26d coat_lite_tiny twins_pcpvt_small poolformer_s12"
)


def transformers_models() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """Each architecture from its own configuration class, small."""
    import transformers

    for name, settings in TRANSFORMERS.items():
        cls = getattr(transformers, name)
        known = vars(cls.config_class())
        given = {key: value for key, value in {**SMALL, **settings}.items() if key in known and value is not None}
        yield f"transformers {name}", lambda cls=cls, given=given: cls(cls.config_class(**given))


def declare_operators() -> None:
    """Let torchvision be imported where its own compiled library does not fit this torch: no model needs them."""
    for name in ("nms", "qnms"):
        with suppress(RuntimeError):  # declared already, where it does fit
            DECLARED.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def torchvision_models() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """Image classifiers as they come. torchvision's compiled operators are not needed; one must be declared."""
    declare_operators()
    import torchvision

    for name in TORCHVISION.split():
        extra = {"init_weights": True, "aux_logits": False} if name == "googlenet" else {}
        yield f"torchvision {name}", lambda name=name, extra=extra: getattr(torchvision.models, name)(**extra)


def timm_models() -> Iterator[tuple[str, Callable[[], nn.Module]]]:
    """Image models as they come."""
    import timm

    for name in TIMM.split():
        yield f"timm {name}", lambda name=name: timm.create_model(name)


def shape(name: str) -> tuple[int, ...]:
    """The images that a model was made for; the rest is guessed."""
    if name.startswith("transformers"):
        return ()
    size = {"swinv2_tiny_window8_256": 256, "crossvit_tiny_240": 240}.get(name.split()[1], 224)
    return (4, 3, size, size)


def place(finding: Finding) -> str:
    """The end of the path, and the line."""
    return f"{'/'.join(Path(finding.path).parts[-2:])}:{finding.span.line}"


def verdicts() -> dict[tuple[str, str], str]:
    """What a reader made of each finding, by model and code."""
    if not VERDICTS.exists():
        return {}
    with VERDICTS.open(encoding="utf-8") as stream:
        return {(model, code): text for model, code, text in csv.reader(stream, delimiter="\t")}


def main() -> None:
    """One line for each model and finding."""
    warnings.simplefilter("ignore")
    chosen = sys.argv[1:]
    judged, count, codes = verdicts(), 0, Counter[str]()
    settings = Settings(min_severity=Severity.INFO, cache=False)
    print("| model | tensors | s | signal | finding | severity | where | says | verdict |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, build in chain(torchvision_models(), timm_models(), transformers_models()):
        if chosen and not any(word in name for word in chosen):
            continue
        count += 1
        began = time.perf_counter()
        try:
            report = check_model(build, input_shape=shape(name), settings=settings, seeds=1)
        except Exception as error:  # a model that this version cannot build says nothing about the checks
            print(f"| {name} | | | | not built: {type(error).__name__}: {str(error).splitlines()[0][:150]} | | | | |")
            continue
        signal = report.model.propagation or {}
        state = signal.get("problem") or f"{len(signal.get('layers', ()))} layers"
        head = f"| {name} | {len(report.parameters)} | {time.perf_counter() - began:.1f} | {str(state)[:150]} |"
        if not report.findings:
            print(f"{head} none | | | | |", flush=True)
        for finding in report.findings:
            codes[finding.code] += 1
            word = judged.get((name, finding.code), "")
            said = finding.message.replace("|", "\\|").replace("\n", " ")
            print(
                f"{head} {finding.code} | {finding.severity.value} | {place(finding)} | {said} | {word} |", flush=True
            )
    print(f"\n{count} models; {sum(codes.values())} findings: {dict(sorted(codes.items()))}")


if __name__ == "__main__":
    main()
