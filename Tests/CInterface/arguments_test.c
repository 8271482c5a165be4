/* NULL, sizes of structures, and texts, wherever they are passed. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(null_is_refused_where_an_address_is_needed) {
  const char *code = "argument.null", *path = fixture("dinov2.dvla.safetensors");
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  size_t length;
  REFUSED(64, code, dvla_bundle_open(NULL, NULL, &bundle, &failure));
  REFUSED(64, code, dvla_bundle_open(path, NULL, NULL, &failure));
  REFUSED(64, code, dvla_bundle_describe(bundle, NULL, &failure));
  REFUSED(64, code, dvla_bundle_document(bundle, NULL, NULL, 0, &length, &failure));
  REFUSED(64, code, dvla_bundle_document(bundle, "recipe", NULL, 0, NULL, &failure));
  REFUSED(64, code, dvla_bundle_tensor(bundle, 0, NULL, &failure));
  REFUSED(64, code, dvla_bundle_find(bundle, NULL, &length, &failure));
  REFUSED(64, code, dvla_bundle_find(bundle, "action.action_out_proj.bias", NULL, &failure));
  REFUSED(64, code, dvla_bundle_asset(bundle, 0, NULL, &failure));

  dvla_weights_options layout = {sizeof layout, .naming = "layout"};
  dvla_weights weights = NULL;
  REFUSED(64, code, dvla_weights_plan(bundle, NULL, &weights, &failure));
  REFUSED(64, code, dvla_weights_plan(bundle, &layout, NULL, &failure));
  DONE(dvla_weights_plan(bundle, &layout, &weights, &failure));
  REFUSED(64, code, dvla_weights_describe(weights, NULL, &failure));
  REFUSED(64, code, dvla_weights_document(weights, NULL, NULL, 0, &length, &failure));
  REFUSED(64, code, dvla_weights_document(weights, "notes", NULL, 0, NULL, &failure));
  REFUSED(64, code, dvla_weights_tensor(weights, 0, NULL, &failure));
  DONE(dvla_weights_close(weights, &failure));

  size_t size;
  uint8_t *file = read_file(fixture("images/rgb8.png"), &size);
  dvla_image image = NULL;
  REFUSED(64, code, dvla_image_decode(file, size, NULL, &failure));
  DONE(dvla_image_decode(file, size, &image, &failure));
  free(file);
  REFUSED(64, code, dvla_image_picture(image, NULL, &failure));
  DONE(dvla_image_close(image, &failure));

  dvla_policy policy = NULL;
  REFUSED(64, code, dvla_policy_create(bundle, NULL, NULL, &failure));
  DONE(dvla_policy_create(bundle, NULL, &policy, &failure));
  dvla_chunk chunk = NULL;
  test_observation seen;
  make_observation(&seen);
  REFUSED(64, code, dvla_policy_describe(policy, NULL, &failure));
  REFUSED(64, code, dvla_policy_act(policy, NULL, NULL, NULL, &chunk, &failure));
  REFUSED(64, code, dvla_policy_act(policy, &seen.observation, NULL, NULL, NULL, &failure));
  DONE(dvla_policy_act(policy, &seen.observation, NULL, NULL, &chunk, &failure));
  DONE(dvla_policy_close(policy, &failure));
  REFUSED(64, code, dvla_chunk_describe(chunk, NULL, &failure));
  REFUSED(64, code, dvla_chunk_document(chunk, NULL, 0, NULL, &failure));
  REFUSED(64, code, dvla_chunk_depth(chunk, 0, NULL, &failure));
  dvla_depth_map map = NULL;
  DONE(dvla_chunk_depth(chunk, 0, &map, &failure));
  REFUSED(64, code, dvla_depth_map_describe(map, NULL, &failure));
  DONE(dvla_depth_map_close(map, &failure));
  DONE(dvla_chunk_close(chunk, &failure));

  const char *goldens[] = {NULL};
  dvla_report report = NULL;
  REFUSED(64, code, dvla_parity_check(bundle, NULL, 1, NULL, NULL, NULL, &report, &failure));
  REFUSED(64, code, dvla_parity_check(bundle, goldens, 1, NULL, NULL, NULL, &report, &failure));
  REFUSED(64, code, dvla_parity_check(bundle, goldens, 1, NULL, NULL, NULL, NULL, &failure));
  REFUSED(64, code, dvla_golden_record(bundle, NULL, "x", NULL, false, NULL, &failure));
  REFUSED(64, code, dvla_golden_record(bundle, "x", NULL, NULL, false, NULL, &failure));
  close_bundle(bundle);

  bundle = open_bundle("depth.dvla.safetensors");
  dvla_depth_estimator estimator = NULL;
  REFUSED(64, code, dvla_depth_estimator_create(bundle, NULL, NULL, &failure));
  DONE(dvla_depth_estimator_create(bundle, NULL, &estimator, &failure));
  REFUSED(64, code, dvla_depth_estimate(estimator, NULL, &map, &failure));
  REFUSED(64, code, dvla_depth_estimate(estimator, &seen.picture, NULL, &failure));
  DONE(dvla_depth_estimator_close(estimator, &failure));
  close_bundle(bundle);
}

/* A structure of an older caller is smaller than it ever was; of a newer one it is larger, and what is
 * behind its end is not touched. */
#define SIZES(type, call)                                                                          \
  do {                                                                                             \
    struct {                                                                                       \
      type own;                                                                                    \
      unsigned char behind[64];                                                                    \
    } sized;                                                                                       \
    memset(&sized, 0, sizeof sized);                                                               \
    memset(sized.behind, 0xC7, sizeof sized.behind);                                               \
    type *it = &sized.own;                                                                         \
    const size_t wrong[] = {0, 1, sizeof(size_t), sizeof(type) - 1, SIZE_MAX / 2 + 1, SIZE_MAX};     \
    for (size_t w = 0; w < 6; w++) {                                                               \
      it->struct_size = wrong[w];                                                                  \
      REFUSED(64, "structure.size", call);                                                         \
    }                                                                                              \
    it->struct_size = sizeof(type) + 64;                                                           \
    prepare_failure();                                                                             \
    (void)(call);                                                                                  \
    CHECK(strcmp(failure.code, "structure.size") != 0);                                            \
    for (size_t b = 0; b < 64; b++) CHECK_EQUAL(sized.behind[b], 0xC7);                            \
    CHECK_EQUAL(it->struct_size, sizeof(type) + 64);                                               \
  } while (0)

TEST(structures_of_another_size_are_refused) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors"), other = NULL;
  const char *path = fixture("robot.dvla.safetensors");
  SIZES(dvla_open_options, dvla_bundle_open(path, it, &other, &failure));
  close_bundle(other);
  SIZES(dvla_bundle_info, dvla_bundle_describe(bundle, it, &failure));
  SIZES(dvla_tensor, dvla_bundle_tensor(bundle, 0, it, &failure));
  SIZES(dvla_asset, dvla_bundle_asset(bundle, 0, it, &failure));
  dvla_weights weights = NULL;
  SIZES(dvla_weights_options, dvla_weights_plan(bundle, it, &weights, &failure));
  dvla_weights_options layout = {sizeof layout, .naming = "layout"};
  DONE(dvla_weights_plan(bundle, &layout, &weights, &failure));
  SIZES(dvla_weights_info, dvla_weights_describe(weights, it, &failure));
  SIZES(dvla_tensor, dvla_weights_tensor(weights, 0, it, &failure));
  DONE(dvla_weights_close(weights, &failure));
  dvla_policy policy = NULL;
  SIZES(dvla_policy_options, dvla_policy_create(bundle, it, &policy, &failure));
  SIZES(dvla_policy_info, dvla_policy_describe(policy, it, &failure));
  dvla_chunk chunk = NULL;
  SIZES(dvla_observation, dvla_policy_act(policy, it, NULL, NULL, &chunk, &failure));
  test_observation seen;
  make_observation(&seen);
  DONE(dvla_policy_act(policy, &seen.observation, NULL, NULL, &chunk, &failure));
  DONE(dvla_policy_close(policy, &failure));
  SIZES(dvla_chunk_info, dvla_chunk_describe(chunk, it, &failure));
  dvla_depth_map map = NULL;
  DONE(dvla_chunk_depth(chunk, 0, &map, &failure));
  SIZES(dvla_depth_info, dvla_depth_map_describe(map, it, &failure));
  DONE(dvla_depth_map_close(map, &failure));
  DONE(dvla_chunk_close(chunk, &failure));
  close_bundle(bundle);
  bundle = open_bundle("depth.dvla.safetensors");
  dvla_depth_estimator estimator = NULL;
  SIZES(dvla_depth_options, dvla_depth_estimator_create(bundle, it, &estimator, &failure));
  SIZES(dvla_picture, dvla_depth_estimate(estimator, it, &map, &failure));
  DONE(dvla_depth_estimator_close(estimator, &failure));
  dvla_report report = NULL;
  const char *golden = fixture("nothing");
  SIZES(dvla_parity_options, dvla_parity_check(bundle, &golden, 1, it, NULL, NULL, &report, &failure));
  close_bundle(bundle);
  size_t size;
  uint8_t *file = read_file(fixture("images/rgb8.png"), &size);
  dvla_image image = NULL;
  DONE(dvla_image_decode(file, size, &image, &failure));
  free(file);
  SIZES(dvla_picture, dvla_image_picture(image, it, &failure));
  DONE(dvla_image_close(image, &failure));
}

TEST(texts_that_are_not_utf8_are_refused) {
  const char *wrong[] = {"\xFF", "\xC3", "a\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80"};
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors"), other = NULL;
  dvla_report report = NULL;
  size_t length;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const char *code = "argument.text", *bad = wrong[i];
    REFUSED(64, code, dvla_bundle_open(bad, NULL, &other, &failure));
    dvla_open_options options = {sizeof options, .signature_file = bad};
    options.public_key_files = &bad;
    options.public_key_file_count = 1;
    REFUSED(64, code, dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &other, &failure));
    REFUSED(64, code, dvla_bundle_document(bundle, bad, NULL, 0, &length, &failure));
    REFUSED(64, code, dvla_bundle_find(bundle, bad, &length, &failure));
    /* These take a quarter of a second. */
    if (i > 0) continue;
    REFUSED(64, code, dvla_parity_check(bundle, &bad, 1, NULL, NULL, NULL, &report, &failure));
    REFUSED(64, code, dvla_golden_record(bundle, bad, "x", NULL, false, NULL, &failure));
    REFUSED(64, code, dvla_golden_record(bundle, "x", bad, NULL, false, NULL, &failure));
    REFUSED(64, code, dvla_golden_record(bundle, "x", "y", bad, false, NULL, &failure));
  }
  close_bundle(bundle);
}

TEST(a_message_that_is_too_long_is_cut_between_characters) {
  /* 3 bytes for each, none of which ends at the last place of the field. */
  char path[4000];
  size_t length = 0;
  while (length + 3 < sizeof path) {
    memcpy(path + length, "\xE2\x82\xAC", 3);
    length += 3;
  }
  path[length] = 0;
  dvla_bundle bundle = NULL;
  REFUSED(66, "file.path", dvla_bundle_open(path, NULL, &bundle, &failure));
  CHECK_EQUAL(strlen(failure.file), 1023 / 3 * 3);
  CHECK(memcmp(failure.file, path, 1023 / 3 * 3) == 0);
}
