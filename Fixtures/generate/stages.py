"""Names for what a model computes on the way: module outputs, caught by forward hooks."""
import contextlib


@contextlib.contextmanager
def watching(after, before=()):
    """Inside, collects {stage: tensor}: the outputs of the modules in `after` and the first inputs of those
    in `before`, both [(stage, module)]. Of a tuple of outputs the first counts."""
    out, handles = {}, []

    def keep(stage, value):
        assert stage not in out, stage
        out[stage] = (value[0] if isinstance(value, tuple) else value).detach()

    for stage, module in after:
        handles.append(module.register_forward_hook(lambda _m, _a, value, stage=stage: keep(stage, value)))
    for stage, module in before:
        handles.append(module.register_forward_pre_hook(
            lambda _m, args, kw, stage=stage: keep(stage, args[0] if args else kw["hidden_states"]),
            with_kwargs=True))
    try:
        yield out
    finally:
        for h in handles:
            h.remove()


def paligemma(net):
    """-> (after, before). Sub-stages are what is added to the residual stream."""
    core, after = net.model, []
    tower = core.vision_tower
    after.append(("siglip.embeddings", tower.embeddings))
    for i, layer in enumerate(tower.encoder.layers):
        after += [(f"siglip.layer.{i}.attention", layer.self_attn.out_proj), (f"siglip.layer.{i}.mlp", layer.mlp),
                  (f"siglip.layer.{i}", layer)]
    after += [("siglip.last_hidden", tower.post_layernorm), ("projector", core.multi_modal_projector)]
    text = core.language_model
    for i, layer in enumerate(text.layers):
        after += [(f"layer.{i}.attention", layer.self_attn.o_proj), (f"layer.{i}.mlp", layer.mlp),
                  (f"layer.{i}", layer)]
    after.append(("final_norm", text.norm))
    return after, [("embed", text.layers[0])]


def dinov2(net, prefix="", parts=True):
    """-> after. Sub-stages (parts) are before the layer scale."""
    after = [(prefix + "embeddings", net.embeddings)]
    for i, layer in enumerate(net.encoder.layer):
        if parts:
            # One linear layer in transformers since 5.18, a module of its own with registers.
            dense = layer.attention.o_proj if hasattr(layer.attention, "o_proj") else layer.attention.output.dense
            after += [(f"{prefix}layer.{i}.attention", dense), (f"{prefix}layer.{i}.mlp", layer.mlp)]
        after.append((f"{prefix}layer.{i}", layer))
    return after


def depth_anything(net):
    """-> after. The feature maps are the backbone's output, not a module's."""
    neck, head = net.neck, net.head
    after = dinov2(net.backbone, "backbone.", parts=False)
    for i, conv in enumerate(neck.convs):
        after += [(f"reassembled.{i}", neck.reassemble_stage.layers[i]), (f"neck.{i}", conv),
                  (f"fused.{i}", neck.fusion_stage.layers[i])]
    return after + [("head.conv1", head.conv1), ("head.conv2", head.conv2)]
