// The files of the folder Manifests, compiled in. A test compares this list with the folder.

#include "manifests.h"

static const unsigned char dinov2__huggingface_classifier[] = {
#embed "../../Manifests/dinov2/huggingface-classifier.json"
};
static const unsigned char dinov2__huggingface[] = {
#embed "../../Manifests/dinov2/huggingface.json"
};
static const unsigned char dinov2__layout[] = {
#embed "../../Manifests/dinov2/layout.json"
};
static const unsigned char dinov2__original[] = {
#embed "../../Manifests/dinov2/original.json"
};
static const unsigned char dinov2__state_dict_5_18[] = {
#embed "../../Manifests/dinov2/state-dict-5.18.json"
};
static const unsigned char dinov2__timm[] = {
#embed "../../Manifests/dinov2/timm.json"
};
static const unsigned char layouts__dinov2[] = {
#embed "../../Manifests/layouts/dinov2.json"
};
static const unsigned char layouts__dpt[] = {
#embed "../../Manifests/layouts/dpt.json"
};
static const unsigned char layouts__gemma[] = {
#embed "../../Manifests/layouts/gemma.json"
};
static const unsigned char layouts__siglip[] = {
#embed "../../Manifests/layouts/siglip.json"
};
static const unsigned char paligemma__huggingface[] = {
#embed "../../Manifests/paligemma/huggingface.json"
};
static const unsigned char paligemma__layout[] = {
#embed "../../Manifests/paligemma/layout.json"
};
static const unsigned char paligemma__save_5_4[] = {
#embed "../../Manifests/paligemma/save-5.4.json"
};
static const unsigned char paligemma__save_5_6[] = {
#embed "../../Manifests/paligemma/save-5.6.json"
};
static const unsigned char paligemma__state_dict_4_52[] = {
#embed "../../Manifests/paligemma/state-dict-4.52.json"
};
static const unsigned char paligemma__state_dict_5_6[] = {
#embed "../../Manifests/paligemma/state-dict-5.6.json"
};

#define MANIFEST(PATH, TEXT) {PATH, TEXT, sizeof(TEXT)}

static const struct dvla_manifest manifests[] = {
    MANIFEST("dinov2/huggingface-classifier.json", dinov2__huggingface_classifier),
    MANIFEST("dinov2/huggingface.json", dinov2__huggingface),
    MANIFEST("dinov2/layout.json", dinov2__layout),
    MANIFEST("dinov2/original.json", dinov2__original),
    MANIFEST("dinov2/state-dict-5.18.json", dinov2__state_dict_5_18),
    MANIFEST("dinov2/timm.json", dinov2__timm),
    MANIFEST("layouts/dinov2.json", layouts__dinov2),
    MANIFEST("layouts/dpt.json", layouts__dpt),
    MANIFEST("layouts/gemma.json", layouts__gemma),
    MANIFEST("layouts/siglip.json", layouts__siglip),
    MANIFEST("paligemma/huggingface.json", paligemma__huggingface),
    MANIFEST("paligemma/layout.json", paligemma__layout),
    MANIFEST("paligemma/save-5.4.json", paligemma__save_5_4),
    MANIFEST("paligemma/save-5.6.json", paligemma__save_5_6),
    MANIFEST("paligemma/state-dict-4.52.json", paligemma__state_dict_4_52),
    MANIFEST("paligemma/state-dict-5.6.json", paligemma__state_dict_5_6),
};

size_t dvla_manifest_count(void) { return sizeof(manifests) / sizeof(manifests[0]); }

struct dvla_manifest dvla_manifest(size_t index) { return manifests[index]; }
