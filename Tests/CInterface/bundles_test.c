/* Opening, describing and reading bundles. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(abi_version_is_that_of_the_header) {
  CHECK_EQUAL(dvla_abi_version(), DVLA_ABI_VERSION);
  const char *version = dvla_version();
  CHECK(version && strspn(version, "0123456789.") >= 5 && strchr(version, '.'));
}

TEST(bundle_describes_itself) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  CHECK_TEXT(info.path, fixture("robot.dvla.safetensors"));
  CHECK_TEXT(info.family, "depthvla");
  CHECK_EQUAL(strspn(info.root, "0123456789abcdef"), 64);
  CHECK_EQUAL(info.root[64], 0);
  CHECK_EQUAL(info.tensor_count, 217);
  CHECK_EQUAL(info.asset_count, 2);
  CHECK(!info.is_signed);
  CHECK_EQUAL(info.release, 0);
  size_t size;
  free(read_file(info.path, &size));
  CHECK_EQUAL(info.byte_count, size);
  close_bundle(bundle);
}

TEST(tensors_are_described_and_found) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  for (size_t i = 0; i < 217; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_bundle_tensor(bundle, i, &tensor, &failure));
    CHECK_TEXT(tensor.dtype, "F32");
    uint64_t count = 4;
    for (size_t axis = 0; axis < tensor.rank; axis++) count *= (uint64_t)tensor.shape[axis];
    CHECK_EQUAL(tensor.byte_count, count);
    CHECK(tensor.resident == NULL);
    CHECK_EQUAL(tensor.tied_to, i);
    size_t found = SIZE_MAX;
    DONE(dvla_bundle_find(bundle, tensor.name, &found, &failure));
    CHECK_EQUAL(found, i);
  }
  dvla_tensor tensor = {sizeof tensor};
  size_t index = 77;
  REFUSED(66, "tensor.unknown", dvla_bundle_tensor(bundle, 217, &tensor, &failure));
  REFUSED(66, "tensor.unknown", dvla_bundle_tensor(bundle, SIZE_MAX, &tensor, &failure));
  REFUSED(66, "tensor.unknown", dvla_bundle_find(bundle, "no.such.tensor", &index, &failure));
  CHECK_TEXT(failure.tensor, "no.such.tensor");
  CHECK_TEXT(failure.file, fixture("robot.dvla.safetensors"));
  REFUSED(66, "tensor.unknown", dvla_bundle_find(bundle, "", &index, &failure));
  CHECK_EQUAL(index, 77);
  close_bundle(bundle);
}

typedef struct collected {
  dvla_bundle bundle;
  size_t count, stop_after;
  void *bytes[400];
} collected;

static bool collect(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                    size_t byte_count) {
  collected *all = context;
  CHECK_EQUAL(index, all->count);
  CHECK_EQUAL(tensor->byte_count, byte_count);
  CHECK_EQUAL(tensor->struct_size, sizeof *tensor);
  dvla_tensor described = {sizeof described};
  CHECK_EQUAL(dvla_bundle_tensor(all->bundle, index, &described, NULL), DVLA_OK);
  CHECK_TEXT(tensor->name, described.name);
  void *copy = malloc(byte_count + 1);
  memcpy(copy, bytes, byte_count);
  all->bytes[all->count++] = copy;
  return all->count != all->stop_after;
}

static void free_collected(collected *all) {
  for (size_t i = 0; i < all->count; i++) free(all->bytes[i]);
}

TEST(a_read_gives_what_a_load_gives) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  collected all = {bundle, 0, 0, {0}};
  DONE(dvla_bundle_load(bundle, 2, collect, &all, &failure));
  CHECK_EQUAL(all.count, 217);
  for (size_t i = 0; i < all.count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_bundle_tensor(bundle, i, &tensor, &failure));
    uint8_t *whole = malloc(tensor.byte_count);
    DONE(dvla_bundle_read(bundle, i, 0, whole, tensor.byte_count, 0, &failure));
    CHECK(memcmp(whole, all.bytes[i], tensor.byte_count) == 0);
    /* A part, and no byte beside it. */
    size_t start = (size_t)tensor.byte_count / 3, count = (size_t)tensor.byte_count / 2;
    uint8_t *part = malloc(count);
    DONE(dvla_bundle_read(bundle, i, start, part, count, 1, &failure));
    CHECK(memcmp(part, whole + start, count) == 0);
    free(part);
    free(whole);
  }
  free_collected(&all);
  close_bundle(bundle);
}

TEST(reads_outside_a_tensor_are_refused) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  dvla_tensor tensor = {sizeof tensor};
  DONE(dvla_bundle_tensor(bundle, 0, &tensor, &failure));
  uint8_t *buffer = malloc(tensor.byte_count + 1);
  memset(buffer, 0xEE, tensor.byte_count + 1);
  const char *code = "tensor.range";
  REFUSED(64, code, dvla_bundle_read(bundle, 0, 0, buffer, tensor.byte_count + 1, 1, &failure));
  REFUSED(64, code, dvla_bundle_read(bundle, 0, 1, buffer, tensor.byte_count, 1, &failure));
  REFUSED(64, code, dvla_bundle_read(bundle, 0, tensor.byte_count + 1, buffer, 0, 1, &failure));
  REFUSED(64, code, dvla_bundle_read(bundle, 0, 0, buffer, SIZE_MAX, 1, &failure));
  REFUSED(64, code, dvla_bundle_read(bundle, 0, UINT64_MAX, buffer, 1, 1, &failure));
  REFUSED(64, code, dvla_bundle_read(bundle, 0, UINT64_MAX, buffer, SIZE_MAX, 1, &failure));
  REFUSED(66, "tensor.unknown", dvla_bundle_read(bundle, 999, 0, buffer, 1, 1, &failure));
  REFUSED(64, "argument.range", dvla_bundle_read(bundle, 0, 0, buffer, 1, 257, &failure));
  REFUSED(64, "argument.range", dvla_bundle_read(bundle, 0, 0, buffer, 1, UINT32_MAX, &failure));
  REFUSED(64, "argument.null", dvla_bundle_read(bundle, 0, 0, NULL, 1, 1, &failure));
  for (size_t i = 0; i <= tensor.byte_count; i++) {
    if (!CHECK_EQUAL(buffer[i], 0xEE)) break;
  }
  DONE(dvla_bundle_read(bundle, 0, tensor.byte_count, NULL, 0, 1, &failure));
  free(buffer);
  close_bundle(bundle);
}

TEST(a_load_stops_where_its_callback_asks) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  for (size_t stop = 1; stop <= 217; stop += 36) {
    for (uint32_t threads = 1; threads <= 4; threads++) {
      collected all = {bundle, 0, stop, {0}};
      REFUSED(130, "call.stopped", dvla_bundle_load(bundle, threads, collect, &all, &failure));
      CHECK_EQUAL(all.count, stop);
      free_collected(&all);
    }
  }
  REFUSED(64, "argument.null", dvla_bundle_load(bundle, 1, NULL, NULL, &failure));
  close_bundle(bundle);
}

static bool count_bytes(void *context, uint64_t done, uint64_t total) {
  uint64_t *last = context;
  CHECK(done >= *last && done <= total);
  *last = done;
  return true;
}

static bool stop_now(void *context, uint64_t done, uint64_t total) {
  (void)done, (void)total;
  ++*(int *)context;
  return false;
}

TEST(a_verification_reports_progress_and_stops) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  uint64_t done = 0;
  DONE(dvla_bundle_verify(bundle, 2, count_bytes, &done, &failure));
  CHECK_EQUAL(done, info.byte_count);
  DONE(dvla_bundle_verify(bundle, 0, NULL, NULL, &failure));
  int calls = 0;
  REFUSED(130, "call.stopped", dvla_bundle_verify(bundle, 1, stop_now, &calls, &failure));
  CHECK_EQUAL(calls, 1);
  close_bundle(bundle);
}

TEST(values_that_are_not_finite_are_a_failed_check) {
  dvla_bundle bundle = open_bundle("not-finite.dvla.safetensors");
  REFUSED(1, "bundle.non-finite", dvla_bundle_verify(bundle, 1, NULL, NULL, &failure));
  CHECK(failure.tensor[0] != 0);
  close_bundle(bundle);
}

TEST(documents_are_json_texts) {
  dvla_bundle bundle = open_bundle("robot-int8.dvla.safetensors");
  const char *names[] = {"configuration", "recipe", "provenance", "ledger", "quantization"};
  for (size_t i = 0; i < 5; i++) {
    char *text = bundle_document(bundle, names[i]);
    CHECK(text[0] == (i == 3 ? '[' : '{') && text[strlen(text) - 1] == (i == 3 ? ']' : '}'));
    free(text);
  }
  char *text = bundle_document(bundle, "signature");
  CHECK_TEXT(text, "null");
  free(text);
  text = bundle_document(bundle, "quantization");
  CHECK(strstr(text, "depth.encoder.encoder.layer.1.mlp.fc2.weight") != NULL);
  free(text);
  size_t length = 7;
  REFUSED(64, "argument.range",
          dvla_bundle_document(bundle, "configurations", NULL, 0, &length, &failure));
  CHECK_EQUAL(length, 7);
  close_bundle(bundle);
}

TEST(a_text_needs_room_for_all_of_it) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  size_t length = 0, again = 0;
  DONE(dvla_bundle_document(bundle, "configuration", NULL, 0, &length, &failure));
  char *buffer = malloc(length + 2);
  memset(buffer, '~', length + 1);
  buffer[length + 1] = 0;
  REFUSED(64, "buffer.size",
          dvla_bundle_document(bundle, "configuration", buffer, length - 1, &again, &failure));
  CHECK_EQUAL(again, length);
  CHECK_EQUAL(strspn(buffer, "~"), length + 1);
  again = 0;
  REFUSED(64, "buffer.size", dvla_bundle_document(bundle, "configuration", buffer, 0, &again, &failure));
  CHECK_EQUAL(again, length);
  DONE(dvla_bundle_document(bundle, "configuration", buffer, length, &again, &failure));
  CHECK_EQUAL(buffer[length - 1], '}');
  CHECK_EQUAL(buffer[length], '~');
  free(buffer);
  close_bundle(bundle);
}

TEST(assets_come_in_the_order_of_their_names) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  char last[200] = "";
  for (size_t i = 0; i < 2; i++) {
    dvla_asset asset = {sizeof asset};
    DONE(dvla_bundle_asset(bundle, i, &asset, &failure));
    CHECK(strcmp(last, asset.name) < 0);
    strcpy(last, asset.name);
    CHECK_TEXT(asset.family, "depthvla");
    CHECK_EQUAL(strlen(asset.sha256), 64);
    uint8_t *bytes = malloc(asset.byte_count + 1);
    DONE(dvla_bundle_read_asset(bundle, i, bytes, asset.byte_count, &failure));
    size_t size;
    uint8_t *original = read_file(
        fixture(i == 0 ? "norm_stats.json" : "tokenizer.model"), &size);
    CHECK_EQUAL(asset.byte_count, size);
    CHECK_TEXT(asset.role, i == 0 ? "statistics" : "tokenizer");
    CHECK(memcmp(bytes, original, size) == 0);
    free(original);
    const char *code = "buffer.size";
    REFUSED(64, code, dvla_bundle_read_asset(bundle, i, bytes, asset.byte_count - 1, &failure));
    REFUSED(64, code, dvla_bundle_read_asset(bundle, i, bytes, asset.byte_count + 1, &failure));
    REFUSED(64, code, dvla_bundle_read_asset(bundle, i, bytes, SIZE_MAX, &failure));
    REFUSED(64, "argument.null",
            dvla_bundle_read_asset(bundle, i, NULL, asset.byte_count, &failure));
    free(bytes);
  }
  dvla_asset asset = {sizeof asset};
  REFUSED(66, "bundle.asset-unknown", dvla_bundle_asset(bundle, 2, &asset, &failure));
  REFUSED(66, "bundle.asset-unknown", dvla_bundle_asset(bundle, SIZE_MAX, &asset, &failure));
  REFUSED(66, "bundle.asset-unknown", dvla_bundle_read_asset(bundle, 2, last, 1, &failure));
  close_bundle(bundle);
}

TEST(a_bundle_that_is_mapped_is_used_where_it_is) {
  dvla_open_options options = {sizeof options};
  options.maps_file = true;
  dvla_bundle bundle = NULL;
  DONE(dvla_bundle_open(fixture("robot-stored.dvla.safetensors"), &options, &bundle, &failure));
  dvla_bundle reference = open_bundle("robot.dvla.safetensors");
  for (size_t i = 0; i < 217; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_bundle_tensor(bundle, i, &tensor, &failure));
    if (!CHECK(tensor.resident != NULL)) break;
    size_t size = (size_t)tensor.byte_count, other;
    DONE(dvla_bundle_read(bundle, i, 0, (void *)(uintptr_t)tensor.resident, size, 2, &failure));
    DONE(dvla_bundle_read(bundle, i, 4, (char *)(uintptr_t)tensor.resident + 4, size - 4, 1, &failure));
    uint8_t *buffer = malloc(size);
    DONE(dvla_bundle_read(bundle, i, 0, buffer, size, 1, &failure));
    CHECK(memcmp(buffer, tensor.resident, size) == 0);
    DONE(dvla_bundle_find(reference, tensor.name, &other, &failure));
    DONE(dvla_bundle_read(reference, other, 0, buffer, size, 1, &failure));
    CHECK(memcmp(buffer, tensor.resident, size) == 0);
    free(buffer);
  }
  close_bundle(reference);
  close_bundle(bundle);
  /* What is compressed is nowhere in memory. */
  DONE(dvla_bundle_open(fixture("robot.dvla.safetensors"), &options, &bundle, &failure));
  dvla_tensor tensor = {sizeof tensor};
  DONE(dvla_bundle_tensor(bundle, 0, &tensor, &failure));
  CHECK(tensor.resident == NULL);
  close_bundle(bundle);
}

TEST(paths_that_are_no_bundles_are_refused) {
  dvla_bundle bundle = NULL;
  REFUSED(66, "file.not-found", dvla_bundle_open(fixture("nothing"), NULL, &bundle, &failure));
  CHECK_TEXT(failure.file, fixture("nothing"));
  REFUSED(64, "file.path", dvla_bundle_open("", NULL, &bundle, &failure));
  REFUSED(65, "file.not-regular", dvla_bundle_open(fixture("."), NULL, &bundle, &failure));
  REFUSED(65, "file.not-regular", dvla_bundle_open("/dev/zero", NULL, &bundle, &failure));
  REFUSED(65, "bundle.format", dvla_bundle_open(fixture("checkpoints/dinov2/hf/model.safetensors"), NULL, &bundle, &failure));
  write_file(scratch("empty"), "", 0);
  REFUSED(65, "safetensors.too-short", dvla_bundle_open(scratch("empty"), NULL, &bundle, &failure));
  /* A path as long as the system takes, and longer. */
  char path[6000];
  memset(path, 'a', sizeof path);
  path[sizeof path - 1] = 0;
  REFUSED(66, "file.path", dvla_bundle_open(path, NULL, &bundle, &failure));
  CHECK_EQUAL(strlen(failure.file), sizeof failure.file - 1);
  CHECK(bundle == NULL);
}
