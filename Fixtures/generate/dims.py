"""Sizes of the tiny models. Inside one model every width differs from every other, so that a
transposed or swapped tensor cannot fit by accident."""

PALIGEMMA = {
    "vision": dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2,
                   num_attention_heads=2, image_size=42, patch_size=14),
    "text": dict(hidden_size=44, intermediate_size=68, num_hidden_layers=3, vocab_size=139,
                 num_attention_heads=8, num_key_value_heads=1, head_dim=6),
    "image_token_index": 133, "shard": "80KB", "half_shard": "40KB",
}

DINOV2 = {
    "dinov2": dict(hidden_size=22, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=4,
                   image_size=70, patch_size=14),
    "dinov2-with-registers": dict(hidden_size=25, num_hidden_layers=2, num_attention_heads=5, mlp_ratio=4,
                                  image_size=56, patch_size=14, num_register_tokens=3),
    "dinov2-swiglu": dict(hidden_size=26, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=4,
                          image_size=42, patch_size=14, use_swiglu_ffn=True),
}

DEPTH_ANYTHING = {
    "depth-anything-v2": dict(
        backbone=dict(hidden_size=18, num_hidden_layers=12, num_attention_heads=3, mlp_ratio=4,
                      image_size=56, patch_size=14, out_indices=[3, 6, 9, 12]),
        neck_hidden_sizes=[6, 9, 12, 20], fusion_hidden_size=8, head_hidden_size=11,
        depth_estimation_type="relative", max_depth=1),
    "depth-anything-v2-metric": dict(
        backbone=dict(hidden_size=16, num_hidden_layers=12, num_attention_heads=2, mlp_ratio=4,
                      image_size=42, patch_size=14, out_indices=[3, 6, 9, 12]),
        neck_hidden_sizes=[5, 7, 10, 13], fusion_hidden_size=6, head_hidden_size=9,
        depth_estimation_type="metric", max_depth=20),
}

# A size that is not square, so that position tables are resampled; besides each model's own size.
DENSE_SIZE = (28, 70)

# Layers, heads and head size are PaliGemma's above: only so can its action expert join that stream.
# The vocabulary ends below the image token, as in the published files.
PI0 = {
    "vision": dict(hidden_size=16, intermediate_size=30, num_hidden_layers=2,
                   num_attention_heads=2, image_size=42, patch_size=14),
    "text": dict(hidden_size=34, intermediate_size=54, num_hidden_layers=3, vocab_size=131,
                 num_attention_heads=8, num_key_value_heads=1, head_dim=6),
    "image_token_index": 133,
}
ACTION = dict(width=28, mlp_dim=36, state_dim=11, action_dim=7, horizon=8, num_steps=10,
              min_period=4e-3, max_period=4.0)
DEPTH = dict(width=20, mlp_dim=52)
COMPOSITE = dict(depth_image=(28, 42), text_tokens=7, text_padding=3, loss_t=0.640625)

# Look-alikes are only ever refused, so they are as small as they can be.
PALIGEMMA2 = {
    "vision": dict(hidden_size=12, intermediate_size=20, num_hidden_layers=1,
                   num_attention_heads=2, image_size=28, patch_size=14),
    "text": dict(hidden_size=28, intermediate_size=34, num_hidden_layers=2, vocab_size=71,
                 num_attention_heads=4, num_key_value_heads=2, head_dim=6),
    "image_token_index": 67,
}
PI05 = {
    "vision": dict(hidden_size=10, intermediate_size=26, num_hidden_layers=1, image_size=28, patch_size=14),
    "text": dict(hidden_size=18, intermediate_size=38, num_hidden_layers=1, vocab_size=67,
                 num_attention_heads=4, num_key_value_heads=1, head_dim=6),
    "action": dict(width=14, mlp_dim=30, action_dim=7),
}
DINOV3 = dict(hidden_size=12, intermediate_size=28, num_hidden_layers=2, num_attention_heads=3,
              num_register_tokens=4, patch_size=16, image_size=32)
DEPTH_ANYTHING_V1 = dict(
    backbone=dict(hidden_size=10, num_hidden_layers=12, num_attention_heads=2, mlp_ratio=4,
                  image_size=42, patch_size=14, out_indices=[9, 10, 11, 12]),
    neck_hidden_sizes=[4, 5, 7, 11], fusion_hidden_size=6, head_hidden_size=8)
