/* Handles that are closed, of another kind, or made up. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { BUNDLE, WEIGHTS, IMAGE, POLICY, CHUNK, ESTIMATOR, MAP, REPORT, KINDS };

/* One handle of each kind. The first bytes of all kinds of structures are their size. */
static void make_all(void *handles[KINDS]) {
  dvla_bundle robot = open_bundle("robot.dvla.safetensors");
  dvla_bundle depth = open_bundle("depth.dvla.safetensors");
  dvla_bundle dinov2 = open_bundle("dinov2.dvla.safetensors");
  dvla_weights_options layout = {sizeof layout, .naming = "layout"};
  dvla_weights weights = NULL;
  DONE(dvla_weights_plan(robot, &layout, &weights, &failure));
  size_t size;
  uint8_t *file = read_file(fixture("images/rgb8.png"), &size);
  dvla_image image = NULL;
  DONE(dvla_image_decode(file, size, &image, &failure));
  free(file);
  dvla_policy policy = NULL;
  DONE(dvla_policy_create(robot, NULL, &policy, &failure));
  test_observation seen;
  make_observation(&seen);
  dvla_chunk chunk = NULL;
  DONE(dvla_policy_act(policy, &seen.observation, NULL, NULL, &chunk, &failure));
  dvla_depth_estimator estimator = NULL;
  DONE(dvla_depth_estimator_create(depth, NULL, &estimator, &failure));
  dvla_depth_map map = NULL;
  DONE(dvla_depth_estimate(estimator, &seen.picture, &map, &failure));
  const char *goldens[] = {fixture("goldens/dinov2_28x70.safetensors")};
  dvla_report report = NULL;
  DONE(dvla_parity_check(dinov2, goldens, 1, NULL, NULL, NULL, &report, &failure));
  close_bundle(depth);
  close_bundle(dinov2);
  void *made[KINDS] = {robot, weights, image, policy, chunk, estimator, map, report};
  memcpy(handles, made, sizeof made);
}

static int32_t close_as(int kind, void *handle, dvla_error *error) {
  switch (kind) {
  case BUNDLE: return dvla_bundle_close(handle, error);
  case WEIGHTS: return dvla_weights_close(handle, error);
  case IMAGE: return dvla_image_close(handle, error);
  case POLICY: return dvla_policy_close(handle, error);
  case CHUNK: return dvla_chunk_close(handle, error);
  case ESTIMATOR: return dvla_depth_estimator_close(handle, error);
  case MAP: return dvla_depth_map_close(handle, error);
  default: return dvla_report_close(handle, error);
  }
}

static bool take_none(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                      size_t byte_count) {
  (void)context, (void)index, (void)tensor, (void)bytes, (void)byte_count;
  return CHECK(!"called");
}

/* Every function but those that close, with arguments that are good but for the handle. */
static void refuse_in_all(void *handle, int kind) {
  static char buffer[64];
  static double doubles[64];
  static float floats[64];
  static uint16_t words[64];
  static int64_t tokens[64];
  size_t length = 5;
  const char *path = "x";
  dvla_bundle_info bundle_info = {sizeof bundle_info};
  dvla_tensor tensor = {sizeof tensor};
  dvla_asset asset = {sizeof asset};
  dvla_weights_options layout = {sizeof layout, .naming = "layout"};
  dvla_weights_info weights_info = {sizeof weights_info};
  dvla_picture picture = {sizeof picture};
  dvla_policy_info policy_info = {sizeof policy_info};
  dvla_chunk_info chunk_info = {sizeof chunk_info};
  dvla_depth_info depth_info = {sizeof depth_info};
  test_observation seen;
  make_observation(&seen);
  dvla_weights weights = NULL;
  dvla_policy policy = NULL;
  dvla_chunk chunk = NULL;
  dvla_depth_estimator estimator = NULL;
  dvla_depth_map map = NULL;
  dvla_report report = NULL;
  const char *code = "handle.unknown";
#define NOT(owner, call)                                                                           \
  if (kind != owner) REFUSED(64, code, call)
  NOT(BUNDLE, dvla_bundle_describe(handle, &bundle_info, &failure));
  NOT(BUNDLE, dvla_bundle_document(handle, "recipe", buffer, 64, &length, &failure));
  NOT(BUNDLE, dvla_bundle_tensor(handle, 0, &tensor, &failure));
  NOT(BUNDLE, dvla_bundle_find(handle, "x", &length, &failure));
  NOT(BUNDLE, dvla_bundle_read(handle, 0, 0, buffer, 4, 1, &failure));
  NOT(BUNDLE, dvla_bundle_load(handle, 1, take_none, NULL, &failure));
  NOT(BUNDLE, dvla_bundle_asset(handle, 0, &asset, &failure));
  NOT(BUNDLE, dvla_bundle_read_asset(handle, 0, buffer, 64, &failure));
  NOT(BUNDLE, dvla_bundle_verify(handle, 1, NULL, NULL, &failure));
  NOT(BUNDLE, dvla_weights_plan(handle, &layout, &weights, &failure));
  NOT(BUNDLE, dvla_policy_create(handle, NULL, &policy, &failure));
  NOT(BUNDLE, dvla_depth_estimator_create(handle, NULL, &estimator, &failure));
  NOT(BUNDLE, dvla_parity_check(handle, &path, 1, NULL, NULL, NULL, &report, &failure));
  NOT(BUNDLE, dvla_golden_record(handle, path, path, NULL, false, NULL, &failure));
  NOT(WEIGHTS, dvla_weights_describe(handle, &weights_info, &failure));
  NOT(WEIGHTS, dvla_weights_document(handle, "config", buffer, 64, &length, &failure));
  NOT(WEIGHTS, dvla_weights_tensor(handle, 0, &tensor, &failure));
  NOT(WEIGHTS, dvla_weights_load(handle, NULL, NULL, 0, 1, NULL, NULL, &failure));
  NOT(IMAGE, dvla_image_picture(handle, &picture, &failure));
  NOT(POLICY, dvla_policy_describe(handle, &policy_info, &failure));
  NOT(POLICY, dvla_policy_tokens(handle, "x", tokens, 64, &length, &failure));
  NOT(POLICY, dvla_policy_noise(handle, 0, floats, 56, &failure));
  NOT(POLICY, dvla_policy_act(handle, &seen.observation, NULL, NULL, &chunk, &failure));
  NOT(CHUNK, dvla_chunk_describe(handle, &chunk_info, &failure));
  NOT(CHUNK, dvla_chunk_actions(handle, doubles, 40, &failure));
  NOT(CHUNK, dvla_chunk_model_actions(handle, floats, 56, &failure));
  NOT(CHUNK, dvla_chunk_document(handle, buffer, 64, &length, &failure));
  NOT(CHUNK, dvla_chunk_depth(handle, 0, &map, &failure));
  NOT(ESTIMATOR, dvla_depth_estimate(handle, &seen.picture, &map, &failure));
  NOT(MAP, dvla_depth_map_describe(handle, &depth_info, &failure));
  NOT(MAP, dvla_depth_map_values(handle, floats, 64, &failure));
  NOT(MAP, dvla_depth_map_grey16(handle, words, 64, &failure));
  NOT(MAP, dvla_depth_map_file(handle, "png", buffer, 64, &length, &failure));
  NOT(REPORT, dvla_report_document(handle, buffer, 64, &length, &failure));
#undef NOT
  /* Nothing was touched. */
  CHECK(!weights && !policy && !chunk && !estimator && !map && !report);
  CHECK_EQUAL(length, 5);
}

TEST(a_handle_of_another_kind_is_refused_everywhere) {
  void *handles[KINDS];
  make_all(handles);
  for (int kind = 0; kind < KINDS; kind++) {
    refuse_in_all(handles[kind], kind);
    for (int other = 0; other < KINDS; other++) {
      if (other != kind) REFUSED(64, "handle.unknown", close_as(other, handles[kind], &failure));
    }
  }
  for (int kind = 0; kind < KINDS; kind++) {
    DONE(close_as(kind, handles[kind], &failure));
    /* Closed twice, and used after it was closed. */
    REFUSED(64, "handle.unknown", close_as(kind, handles[kind], &failure));
    refuse_in_all(handles[kind], KINDS);
  }
}

TEST(a_handle_that_is_made_up_is_refused_everywhere) {
  int local = 0;
  void *made_up[] = {NULL, (void *)1, (void *)(uintptr_t)UINTPTR_MAX, &local, (void *)made_up,
                     (void *)(uintptr_t)0x8000000000000000u, (void *)(uintptr_t)&close_as,
                     (void *)(uintptr_t)123456789};
  for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
    /* 1 was given out, at first, and is closed. */
    refuse_in_all(made_up[i], KINDS);
    for (int kind = 0; kind < KINDS; kind++) {
      REFUSED(64, "handle.unknown", close_as(kind, made_up[i], &failure));
    }
  }
}

TEST(a_handle_is_not_given_out_again) {
  dvla_bundle seen[50];
  for (int i = 0; i < 50; i++) {
    seen[i] = open_bundle("dinov2.dvla.safetensors");
    close_bundle(seen[i]);
    for (int j = 0; j < i; j++) CHECK(seen[i] != seen[j]);
  }
}

TEST(errors_need_not_be_told) {
  void *handles[KINDS];
  make_all(handles);
  dvla_bundle none = NULL;
  CHECK_EQUAL(dvla_bundle_open(fixture("nothing"), NULL, &none, NULL), DVLA_NOT_FOUND);
  CHECK_EQUAL(dvla_bundle_open(NULL, NULL, &none, NULL), DVLA_USAGE);
  for (int kind = 0; kind < KINDS; kind++) {
    CHECK_EQUAL(close_as((kind + 1) % KINDS, handles[kind], NULL), DVLA_USAGE);
    CHECK_EQUAL(close_as(kind, handles[kind], NULL), DVLA_OK);
  }
}
