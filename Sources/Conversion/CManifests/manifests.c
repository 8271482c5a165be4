// The files of the folder Manifests, compiled in; by scripts/embed-manifests. A test compares this list with the folder.

#include "manifests.h"

static const unsigned char components[] = {
#embed "../../../Manifests/components.json"
};
static const unsigned char depth_anything_v2__hub[] = {
#embed "../../../Manifests/depth-anything-v2/hub.json"
};
static const unsigned char depth_anything_v2__layout[] = {
#embed "../../../Manifests/depth-anything-v2/layout.json"
};
static const unsigned char depth_anything_v2__original[] = {
#embed "../../../Manifests/depth-anything-v2/original.json"
};
static const unsigned char depthvla__layout_names[] = {
#embed "../../../Manifests/depthvla/layout-names.json"
};
static const unsigned char depthvla__layout[] = {
#embed "../../../Manifests/depthvla/layout.json"
};
static const unsigned char dinov2__hub_classifier[] = {
#embed "../../../Manifests/dinov2/hub-classifier.json"
};
static const unsigned char dinov2__hub[] = {
#embed "../../../Manifests/dinov2/hub.json"
};
static const unsigned char dinov2__layout[] = {
#embed "../../../Manifests/dinov2/layout.json"
};
static const unsigned char dinov2__original[] = {
#embed "../../../Manifests/dinov2/original.json"
};
static const unsigned char dinov2__state_dict_5_18[] = {
#embed "../../../Manifests/dinov2/state-dict-5.18.json"
};
static const unsigned char dinov2__timm[] = {
#embed "../../../Manifests/dinov2/timm.json"
};
static const unsigned char documents__depth_anything[] = {
#embed "../../../Manifests/documents/depth-anything.json"
};
static const unsigned char documents__dinov2_keys[] = {
#embed "../../../Manifests/documents/dinov2-keys.json"
};
static const unsigned char documents__dinov2_with_registers[] = {
#embed "../../../Manifests/documents/dinov2-with-registers.json"
};
static const unsigned char documents__dinov2[] = {
#embed "../../../Manifests/documents/dinov2.json"
};
static const unsigned char documents__gemma[] = {
#embed "../../../Manifests/documents/gemma.json"
};
static const unsigned char documents__generation_config[] = {
#embed "../../../Manifests/documents/generation-config.json"
};
static const unsigned char documents__lerobot_pi0[] = {
#embed "../../../Manifests/documents/lerobot-pi0.json"
};
static const unsigned char documents__paligemma_keys[] = {
#embed "../../../Manifests/documents/paligemma-keys.json"
};
static const unsigned char documents__paligemma[] = {
#embed "../../../Manifests/documents/paligemma.json"
};
static const unsigned char documents__pi0_transformers[] = {
#embed "../../../Manifests/documents/pi0-transformers.json"
};
static const unsigned char documents__picture_processor[] = {
#embed "../../../Manifests/documents/picture-processor.json"
};
static const unsigned char documents__preprocessor_dinov2[] = {
#embed "../../../Manifests/documents/preprocessor-dinov2.json"
};
static const unsigned char documents__preprocessor_dpt[] = {
#embed "../../../Manifests/documents/preprocessor-dpt.json"
};
static const unsigned char documents__preprocessor_siglip[] = {
#embed "../../../Manifests/documents/preprocessor-siglip.json"
};
static const unsigned char documents__processor[] = {
#embed "../../../Manifests/documents/processor.json"
};
static const unsigned char documents__siglip[] = {
#embed "../../../Manifests/documents/siglip.json"
};
static const unsigned char documents__special_tokens_map[] = {
#embed "../../../Manifests/documents/special-tokens-map.json"
};
static const unsigned char documents__timm[] = {
#embed "../../../Manifests/documents/timm.json"
};
static const unsigned char documents__tokenizer_config[] = {
#embed "../../../Manifests/documents/tokenizer-config.json"
};
static const unsigned char documents__train_config[] = {
#embed "../../../Manifests/documents/train-config.json"
};
static const unsigned char documents__transformers_common[] = {
#embed "../../../Manifests/documents/transformers-common.json"
};
static const unsigned char layouts__dinov2[] = {
#embed "../../../Manifests/layouts/dinov2.json"
};
static const unsigned char layouts__dpt[] = {
#embed "../../../Manifests/layouts/dpt.json"
};
static const unsigned char layouts__gemma[] = {
#embed "../../../Manifests/layouts/gemma.json"
};
static const unsigned char layouts__siglip[] = {
#embed "../../../Manifests/layouts/siglip.json"
};
static const unsigned char paligemma__hub[] = {
#embed "../../../Manifests/paligemma/hub.json"
};
static const unsigned char paligemma__layout[] = {
#embed "../../../Manifests/paligemma/layout.json"
};
static const unsigned char paligemma__save_5_4[] = {
#embed "../../../Manifests/paligemma/save-5.4.json"
};
static const unsigned char paligemma__save_5_6[] = {
#embed "../../../Manifests/paligemma/save-5.6.json"
};
static const unsigned char paligemma__state_dict_4_52[] = {
#embed "../../../Manifests/paligemma/state-dict-4.52.json"
};
static const unsigned char paligemma__state_dict_5_6[] = {
#embed "../../../Manifests/paligemma/state-dict-5.6.json"
};
static const unsigned char pi0__layout[] = {
#embed "../../../Manifests/pi0/layout.json"
};
static const unsigned char pi0__lerobot_2025_02[] = {
#embed "../../../Manifests/pi0/lerobot-2025-02.json"
};
static const unsigned char pi0__lerobot_2025_10[] = {
#embed "../../../Manifests/pi0/lerobot-2025-10.json"
};
static const unsigned char pi0__lerobot_save_5_4[] = {
#embed "../../../Manifests/pi0/lerobot-save-5.4.json"
};
static const unsigned char pi0__lerobot_save_5_6[] = {
#embed "../../../Manifests/pi0/lerobot-save-5.6.json"
};
static const unsigned char pi0__openpi[] = {
#embed "../../../Manifests/pi0/openpi.json"
};
static const unsigned char pi0__transformers_save[] = {
#embed "../../../Manifests/pi0/transformers-save.json"
};
static const unsigned char pi0__transformers_state_dict[] = {
#embed "../../../Manifests/pi0/transformers-state-dict.json"
};
static const unsigned char refused[] = {
#embed "../../../Manifests/refused.json"
};
static const unsigned char tolerances[] = {
#embed "../../../Manifests/tolerances.json"
};
static const unsigned char wrappers[] = {
#embed "../../../Manifests/wrappers.json"
};

#define MANIFEST(PATH, TEXT) {PATH, TEXT, sizeof(TEXT)}

static const struct dvla_manifest manifests[] = {
    MANIFEST("components.json", components),
    MANIFEST("depth-anything-v2/hub.json", depth_anything_v2__hub),
    MANIFEST("depth-anything-v2/layout.json", depth_anything_v2__layout),
    MANIFEST("depth-anything-v2/original.json", depth_anything_v2__original),
    MANIFEST("depthvla/layout-names.json", depthvla__layout_names),
    MANIFEST("depthvla/layout.json", depthvla__layout),
    MANIFEST("dinov2/hub-classifier.json", dinov2__hub_classifier),
    MANIFEST("dinov2/hub.json", dinov2__hub),
    MANIFEST("dinov2/layout.json", dinov2__layout),
    MANIFEST("dinov2/original.json", dinov2__original),
    MANIFEST("dinov2/state-dict-5.18.json", dinov2__state_dict_5_18),
    MANIFEST("dinov2/timm.json", dinov2__timm),
    MANIFEST("documents/depth-anything.json", documents__depth_anything),
    MANIFEST("documents/dinov2-keys.json", documents__dinov2_keys),
    MANIFEST("documents/dinov2-with-registers.json", documents__dinov2_with_registers),
    MANIFEST("documents/dinov2.json", documents__dinov2),
    MANIFEST("documents/gemma.json", documents__gemma),
    MANIFEST("documents/generation-config.json", documents__generation_config),
    MANIFEST("documents/lerobot-pi0.json", documents__lerobot_pi0),
    MANIFEST("documents/paligemma-keys.json", documents__paligemma_keys),
    MANIFEST("documents/paligemma.json", documents__paligemma),
    MANIFEST("documents/pi0-transformers.json", documents__pi0_transformers),
    MANIFEST("documents/picture-processor.json", documents__picture_processor),
    MANIFEST("documents/preprocessor-dinov2.json", documents__preprocessor_dinov2),
    MANIFEST("documents/preprocessor-dpt.json", documents__preprocessor_dpt),
    MANIFEST("documents/preprocessor-siglip.json", documents__preprocessor_siglip),
    MANIFEST("documents/processor.json", documents__processor),
    MANIFEST("documents/siglip.json", documents__siglip),
    MANIFEST("documents/special-tokens-map.json", documents__special_tokens_map),
    MANIFEST("documents/timm.json", documents__timm),
    MANIFEST("documents/tokenizer-config.json", documents__tokenizer_config),
    MANIFEST("documents/train-config.json", documents__train_config),
    MANIFEST("documents/transformers-common.json", documents__transformers_common),
    MANIFEST("layouts/dinov2.json", layouts__dinov2),
    MANIFEST("layouts/dpt.json", layouts__dpt),
    MANIFEST("layouts/gemma.json", layouts__gemma),
    MANIFEST("layouts/siglip.json", layouts__siglip),
    MANIFEST("paligemma/hub.json", paligemma__hub),
    MANIFEST("paligemma/layout.json", paligemma__layout),
    MANIFEST("paligemma/save-5.4.json", paligemma__save_5_4),
    MANIFEST("paligemma/save-5.6.json", paligemma__save_5_6),
    MANIFEST("paligemma/state-dict-4.52.json", paligemma__state_dict_4_52),
    MANIFEST("paligemma/state-dict-5.6.json", paligemma__state_dict_5_6),
    MANIFEST("pi0/layout.json", pi0__layout),
    MANIFEST("pi0/lerobot-2025-02.json", pi0__lerobot_2025_02),
    MANIFEST("pi0/lerobot-2025-10.json", pi0__lerobot_2025_10),
    MANIFEST("pi0/lerobot-save-5.4.json", pi0__lerobot_save_5_4),
    MANIFEST("pi0/lerobot-save-5.6.json", pi0__lerobot_save_5_6),
    MANIFEST("pi0/openpi.json", pi0__openpi),
    MANIFEST("pi0/transformers-save.json", pi0__transformers_save),
    MANIFEST("pi0/transformers-state-dict.json", pi0__transformers_state_dict),
    MANIFEST("refused.json", refused),
    MANIFEST("tolerances.json", tolerances),
    MANIFEST("wrappers.json", wrappers),
};

size_t dvla_manifest_count(void) { return sizeof(manifests) / sizeof(manifests[0]); }

struct dvla_manifest dvla_manifest(size_t index) { return manifests[index]; }
