/* Bundles of which a byte has changed. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

static bool take_all(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                     size_t byte_count) {
  (void)context, (void)index, (void)tensor, (void)bytes, (void)byte_count;
  return true;
}

/* Whether the damage is found when the file is opened or verified. What a load takes in the tensors must be
 * found by it as well. */
static bool is_found(const char *path, bool maps) {
  dvla_open_options options = {sizeof options};
  options.maps_file = maps;
  dvla_bundle bundle = NULL;
  int32_t status = dvla_bundle_open(path, &options, &bundle, &failure);
  if (status == DVLA_OK) {
    status = dvla_bundle_verify(bundle, 1, NULL, NULL, &failure);
    int32_t loading = dvla_bundle_load(bundle, 1, take_all, NULL, NULL);
    if (!CHECK(loading == DVLA_OK || loading == DVLA_MALFORMED)) return false;
    if (!CHECK(loading == DVLA_OK || status == DVLA_MALFORMED)) return false;
    CHECK_EQUAL(dvla_bundle_close(bundle, NULL), DVLA_OK);
  }
  return status == DVLA_MALFORMED;
}

static void find_every_change(const char *name, bool maps, size_t step) {
  size_t size;
  uint8_t *bytes = read_file(fixture(name), &size);
  const char *path = scratch("damaged.dvla.safetensors");
  /* A prime number of bytes apart, so that every kind of place is hit. */
  for (size_t place = 3; place < size; place += step) {
    bytes[place] ^= 0x10;
    write_file(path, bytes, size);
    if (!CHECK(is_found(path, maps))) break;
    bytes[place] ^= 0x10;
  }
  for (size_t cut = 1; cut < size; cut = cut * 3 + 1) {
    write_file(path, bytes, size - cut);
    if (!CHECK(is_found(path, maps))) break;
  }
  bytes[size] = 0;
  write_file(path, bytes, size + 1);
  CHECK(is_found(path, maps));
  free(bytes);
}

TEST(every_changed_byte_is_found) { find_every_change("dinov2.dvla.safetensors", false, 4999); }

TEST(every_changed_byte_of_a_mapped_bundle_is_found) {
  find_every_change("robot-stored.dvla.safetensors", true, 30011);
}

/* The last tensor of a bundle whose last chunk is damaged. */
static dvla_bundle open_damaged(const char *name, bool maps, size_t *index) {
  size_t size;
  uint8_t *bytes = read_file(fixture(name), &size);
  dvla_bundle bundle = open_bundle(name);
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  *index = info.tensor_count - 1;
  close_bundle(bundle);
  /* The last 64 bytes are 28 of this tensor, in a frame where it is compressed, and a filler. */
  bytes[size - 50] ^= 1;
  const char *path = scratch("damaged.dvla.safetensors");
  write_file(path, bytes, size);
  free(bytes);
  dvla_open_options options = {sizeof options};
  options.maps_file = maps;
  DONE(dvla_bundle_open(path, &options, &bundle, &failure));
  return bundle;
}

TEST(a_damaged_tensor_is_named_whoever_reads_it) {
  for (int maps = 0; maps < 2; maps++) {
    size_t index;
    dvla_bundle bundle = open_damaged(
        maps ? "robot-stored.dvla.safetensors" : "robot.dvla.safetensors", maps, &index);
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_bundle_tensor(bundle, index, &tensor, &failure));
    void *buffer = malloc(tensor.byte_count);
    const char *code = "bundle.chunk-checksum";
    REFUSED(65, code, dvla_bundle_read(bundle, index, 0, buffer, tensor.byte_count, 1, &failure));
    CHECK_TEXT(failure.tensor, tensor.name);
    CHECK_TEXT(failure.file, scratch("damaged.dvla.safetensors"));
    if (maps) {
      void *resident = (void *)(uintptr_t)tensor.resident;
      REFUSED(65, code, dvla_bundle_read(bundle, index, 0, resident, tensor.byte_count, 1, &failure));
      CHECK_TEXT(failure.tensor, tensor.name);
    }
    REFUSED(65, code, dvla_bundle_load(bundle, 2, take_all, NULL, &failure));
    CHECK_TEXT(failure.tensor, tensor.name);
    REFUSED(65, "bundle.chunk-hash", dvla_bundle_verify(bundle, 2, NULL, NULL, &failure));
    CHECK_TEXT(failure.tensor, tensor.name);
    /* There is no further damage. */
    CHECK_TEXT(failure.details, "");
    /* The others are whole. */
    DONE(dvla_bundle_read(bundle, 0, 0, buffer, 4, 1, &failure));
    free(buffer);

    /* Those who use it say so too. */
    dvla_weights_options layout = {sizeof layout, .naming = "layout"};
    dvla_weights weights = NULL;
    DONE(dvla_weights_plan(bundle, &layout, &weights, &failure));
    dvla_weights_info info = {sizeof info};
    DONE(dvla_weights_describe(weights, &info, &failure));
    void **buffers = calloc(info.tensor_count, sizeof *buffers);
    size_t *sizes = calloc(info.tensor_count, sizeof *sizes);
    for (size_t i = 0; i < info.tensor_count; i++) {
      dvla_tensor named = {sizeof named};
      DONE(dvla_weights_tensor(weights, i, &named, &failure));
      sizes[i] = named.byte_count;
      buffers[i] = malloc(named.byte_count);
    }
    REFUSED(65, code, dvla_weights_load(weights, buffers, sizes, info.tensor_count, 2, NULL, NULL, &failure));
    CHECK_TEXT(failure.tensor, tensor.name);
    for (size_t i = 0; i < info.tensor_count; i++) free(buffers[i]);
    free(buffers);
    free(sizes);
    DONE(dvla_weights_close(weights, &failure));

    for (int first = 0; first < 2; first++) {
      dvla_policy_options options = {sizeof options, .loads_first = first == 1};
      dvla_policy policy = NULL;
      int32_t status = dvla_policy_create(bundle, &options, &policy, &failure);
      if (status == DVLA_OK) {
        test_observation seen;
        make_observation(&seen);
        dvla_chunk chunk = NULL;
        REFUSED(65, code, dvla_policy_act(policy, &seen.observation, NULL, NULL, &chunk, &failure));
        CHECK(chunk == NULL);
        DONE(dvla_policy_close(policy, &failure));
      } else {
        /* What is needed to make it was read. */
        CHECK(policy == NULL);
        CHECK_EQUAL(status, 65);
        CHECK_TEXT(failure.code, code);
      }
    }
    close_bundle(bundle);
  }
}
