"""What torch's layers have besides constructor arguments and weights: every other name was put there by somebody."""

from __future__ import annotations

MODULE_ATTRIBUTES: frozenset[str] = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule
    share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()
)
"""nn.Module's public names (torch 2.13)."""

LAYER_ATTRIBUTES: frozenset[str] = frozenset(
    """
    activation_relu_or_gelu all_weights bias bias_hh bias_hh_l0 bias_ih bias_ih_l0 bias_k bias_v check_forward_args
    check_hidden_size check_input cls_to_become convert_sync_batchnorm decoder dropout1 dropout2 dropout3 encoder
    flatten_parameters from_pretrained generate_square_subsequent_mask get_expected_cell_size get_expected_hidden_size
    has_uninitialized_params head_dim in_channels in_features in_proj_bias in_proj_weight initialize_parameters
    k_proj_weight layers linear1 linear2 merge_masks mode multihead_attn norm1 norm2 norm3 num_batches_tracked
    num_features out_proj output_padding permute_hidden proj_size q_proj_weight reset_parameters reset_running_stats
    running_mean running_var self_attn transposed use_nested_tensor v_proj_weight weight weight_hh weight_hh_l0
    weight_ih weight_ih_l0
    """.split()
)
"""Those that some layer adds."""

_PRIVATE = frozenset(
    "_all_weights _apply _backward_hooks _buffers _flat_weights _flat_weights_names _forward_hooks _forward_pre_hooks "
    "_get_name _modules _parameters _qkv_same_embed_dim _reset_parameters _version".split()
)


def may_have(name: str) -> bool:
    """Whether a layer of torch can have an attribute of this name that nobody put there."""
    if name.startswith("_"):
        return name in _PRIVATE or name.startswith("__")
    return name in MODULE_ATTRIBUTES or name in LAYER_ATTRIBUTES
