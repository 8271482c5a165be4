#include <depthvla.h>

// The sizes that programs were compiled with: a change of one is a change of the interface.
_Static_assert(sizeof(dvla_error) == 10312, "dvla_error");
_Static_assert(sizeof(dvla_open_options) == 112, "dvla_open_options");
_Static_assert(sizeof(dvla_bundle_info) == 80, "dvla_bundle_info");
_Static_assert(sizeof(dvla_tensor) == 64, "dvla_tensor");
_Static_assert(sizeof(dvla_asset) == 56, "dvla_asset");
_Static_assert(sizeof(dvla_weights_options) == 40, "dvla_weights_options");
_Static_assert(sizeof(dvla_weights_info) == 56, "dvla_weights_info");
_Static_assert(sizeof(dvla_picture) == 48, "dvla_picture");
_Static_assert(sizeof(dvla_policy_options) == 32, "dvla_policy_options");
_Static_assert(sizeof(dvla_policy_info) == 56, "dvla_policy_info");
_Static_assert(sizeof(dvla_observation) == 96, "dvla_observation");
_Static_assert(sizeof(dvla_chunk_info) == 72, "dvla_chunk_info");
_Static_assert(sizeof(dvla_depth_options) == 32, "dvla_depth_options");
_Static_assert(sizeof(dvla_depth_info) == 72, "dvla_depth_info");
_Static_assert(sizeof(dvla_parity_options) == 56, "dvla_parity_options");
