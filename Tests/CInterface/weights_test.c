/* Weights in the names of upstream libraries. That they are the right ones is shown by exported_weights.cpp. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct planned {
  dvla_weights weights;
  dvla_weights_info info;
  void **buffers;
  size_t *byte_counts;
} planned;

static planned plan(dvla_bundle bundle, const char *naming) {
  planned made = {NULL, {sizeof made.info}, NULL, NULL};
  dvla_weights_options options = {sizeof options, .naming = naming};
  DONE(dvla_weights_plan(bundle, &options, &made.weights, &failure));
  DONE(dvla_weights_describe(made.weights, &made.info, &failure));
  made.buffers = calloc(made.info.tensor_count, sizeof(void *));
  made.byte_counts = calloc(made.info.tensor_count, sizeof(size_t));
  uint64_t total = 0;
  for (size_t i = 0; i < made.info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_weights_tensor(made.weights, i, &tensor, &failure));
    made.byte_counts[i] = tensor.byte_count;
    made.buffers[i] = malloc(tensor.byte_count);
    total += tensor.byte_count;
    CHECK(tensor.tied_to <= i);
  }
  CHECK_EQUAL(total, made.info.byte_count);
  return made;
}

static void drop(planned made) {
  for (size_t i = 0; i < made.info.tensor_count; i++) free(made.buffers[i]);
  free(made.buffers);
  free(made.byte_counts);
  DONE(dvla_weights_close(made.weights, &failure));
}

TEST(weights_describe_themselves) {
  dvla_bundle bundle = open_bundle("paligemma-int8.dvla.safetensors");
  planned made = plan(bundle, "hub");
  CHECK_TEXT(made.info.family, "paligemma");
  CHECK_TEXT(made.info.naming, "hub");
  CHECK_EQUAL(made.info.int8_count, 0);
  CHECK_EQUAL(made.info.dequantized_count, 35);
  drop(made);
  dvla_weights_options options = {sizeof options, .naming = "hub", .keeps_int8 = true};
  dvla_weights weights = NULL;
  dvla_weights_info info = {sizeof info};
  DONE(dvla_weights_plan(bundle, &options, &weights, &failure));
  DONE(dvla_weights_describe(weights, &info, &failure));
  CHECK_EQUAL(info.int8_count, 35);
  CHECK_EQUAL(info.dequantized_count, 0);
  size_t length;
  DONE(dvla_weights_document(weights, "config", NULL, 0, &length, &failure));
  char *text = malloc(length + 1);
  DONE(dvla_weights_document(weights, "config", text, length, &length, &failure));
  text[length] = 0;
  CHECK(strstr(text, "int-quantized") != NULL);
  REFUSED(64, "buffer.size", dvla_weights_document(weights, "config", text, 1, &length, &failure));
  REFUSED(64, "argument.range", dvla_weights_document(weights, "recipe", NULL, 0, &length, &failure));
  DONE(dvla_weights_document(weights, "notes", NULL, 0, &length, &failure));
  CHECK(length >= 2);
  DONE(dvla_weights_document(weights, "metadata", NULL, 0, &length, &failure));
  CHECK(length >= 4);
  free(text);
  DONE(dvla_weights_close(weights, &failure));
  close_bundle(bundle);
}

TEST(a_plan_outlives_its_bundle) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  planned made = plan(bundle, "original");
  close_bundle(bundle);
  DONE(dvla_weights_load(made.weights, made.buffers, made.byte_counts, made.info.tensor_count, 2, NULL,
                         NULL, &failure));
  drop(made);
}

TEST(buffers_of_another_size_are_refused) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  planned made = plan(bundle, "hub");
  size_t count = made.info.tensor_count;
  memset(made.buffers[0], 0xEE, made.byte_counts[0]);
#define LOAD dvla_weights_load(made.weights, made.buffers, made.byte_counts, count, 1, NULL, NULL, &failure)
  const size_t wrong[] = {made.byte_counts[3] - 1, made.byte_counts[3] + 1, 0, SIZE_MAX, 1};
  size_t right = made.byte_counts[3];
  for (size_t i = 0; i < 5; i++) {
    made.byte_counts[3] = wrong[i];
    REFUSED(64, "buffer.size", LOAD);
    CHECK(failure.tensor[0] != 0);
  }
  made.byte_counts[3] = right;
  /* One that is passed over has no size. */
  void *buffer = made.buffers[3];
  made.buffers[3] = NULL;
  REFUSED(64, "buffer.size", LOAD);
  made.byte_counts[3] = 0;
  CHECK_EQUAL(((uint8_t *)made.buffers[0])[0], 0xEE);
  DONE(LOAD);
  made.buffers[3] = buffer;
  made.byte_counts[3] = right;
  count--;
  REFUSED(64, "argument.range", LOAD);
  count = 0;
  REFUSED(64, "argument.range", LOAD);
  count = SIZE_MAX;
  REFUSED(64, "argument.range", LOAD);
  count = made.info.tensor_count;
  REFUSED(64, "argument.null",
          dvla_weights_load(made.weights, NULL, made.byte_counts, count, 1, NULL, NULL, &failure));
  REFUSED(64, "argument.null",
          dvla_weights_load(made.weights, made.buffers, NULL, count, 1, NULL, NULL, &failure));
  REFUSED(64, "argument.range", dvla_weights_load(made.weights, made.buffers, made.byte_counts, count, 300,
                                                  NULL, NULL, &failure));
#undef LOAD
  drop(made);
  close_bundle(bundle);
}

TEST(a_tensor_that_is_passed_over_leaves_the_others_as_they_are) {
  dvla_bundle bundle = open_bundle("paligemma.dvla.safetensors");
  planned all = plan(bundle, "hub"), half = plan(bundle, "hub");
  size_t count = all.info.tensor_count;
  DONE(dvla_weights_load(all.weights, all.buffers, all.byte_counts, count, 2, NULL, NULL, &failure));
  for (size_t i = 0; i < count; i += 2) {
    free(half.buffers[i]);
    half.buffers[i] = NULL;
    half.byte_counts[i] = 0;
  }
  DONE(dvla_weights_load(half.weights, half.buffers, half.byte_counts, count, 2, NULL, NULL, &failure));
  for (size_t i = 1; i < count; i += 2) {
    CHECK(memcmp(all.buffers[i], half.buffers[i], all.byte_counts[i]) == 0);
  }
  drop(all);
  drop(half);
  close_bundle(bundle);
}

typedef struct watched {
  planned *made;
  size_t complete, stop_at, calls;
  uint64_t done;
} watched;

static bool watch(void *context, size_t complete, uint64_t done) {
  watched *seen = context;
  seen->calls++;
  CHECK(complete >= seen->complete && complete <= seen->made->info.tensor_count);
  CHECK(done >= seen->done && done <= seen->made->info.byte_count);
  seen->complete = complete;
  seen->done = done;
  return complete < seen->stop_at;
}

TEST(a_load_of_weights_reports_progress_and_stops) {
  dvla_bundle bundle = open_bundle("paligemma.dvla.safetensors");
  planned made = plan(bundle, "hub");
  size_t count = made.info.tensor_count;
  for (uint32_t threads = 1; threads <= 4; threads++) {
    watched seen = {&made, 0, SIZE_MAX, 0, 0};
    DONE(dvla_weights_load(made.weights, made.buffers, made.byte_counts, count, threads, watch, &seen,
                           &failure));
    CHECK_EQUAL(seen.complete, count);
    CHECK_EQUAL(seen.done, made.info.byte_count);
    watched stopped = {&made, 0, 20, 0, 0};
    REFUSED(130, "call.stopped", dvla_weights_load(made.weights, made.buffers, made.byte_counts, count,
                                                   threads, watch, &stopped, &failure));
    CHECK(stopped.complete >= 20);
    CHECK(stopped.calls < seen.calls || stopped.complete == count);
  }
  drop(made);
  close_bundle(bundle);
}

TEST(plans_that_cannot_be_made_are_refused) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  dvla_weights weights = NULL;
  const struct {
    dvla_weights_options options;
    int32_t status;
    const char *code;
  } cases[] = {
      {{.naming = "hub"}, 64, "manifest.unknown"},
      {{.naming = ""}, 64, "manifest.unknown"},
      {{.naming = "hub", .family = "paligemma2"}, 64, "manifest.unknown"},
      {{.naming = "layout", .dtype = "F64"}, 64, "argument.range"},
      {{.naming = "layout", .dtype = "f32"}, 64, "argument.range"},
      {{.naming = "layout", .dtype = ""}, 64, "argument.range"},
      {{.naming = "\xFF"}, 64, "argument.text"},
      {{.naming = "layout", .family = "\xC3"}, 64, "argument.text"},
      {{.naming = NULL}, 64, "argument.null"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dvla_weights_options options = cases[i].options;
    options.struct_size = sizeof options;
    REFUSED(cases[i].status, cases[i].code, dvla_weights_plan(bundle, &options, &weights, &failure));
  }
  REFUSED(64, "argument.null", dvla_weights_plan(bundle, NULL, &weights, &failure));
  CHECK(weights == NULL);
  close_bundle(bundle);
}

TEST(a_mapped_bundle_gives_its_weights_in_place) {
  dvla_open_options options = {sizeof options};
  options.maps_file = true;
  dvla_bundle bundle = NULL;
  DONE(dvla_bundle_open(fixture("robot-stored.dvla.safetensors"), &options, &bundle, &failure));
  planned copied = plan(bundle, "layout"), placed = plan(bundle, "layout");
  size_t count = copied.info.tensor_count, in_place = 0;
  for (size_t i = 0; i < count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_weights_tensor(placed.weights, i, &tensor, &failure));
    if (!tensor.resident) continue;
    free(placed.buffers[i]);
    placed.buffers[i] = (void *)(uintptr_t)tensor.resident;
    in_place++;
  }
  CHECK_EQUAL(in_place, count);
  DONE(dvla_weights_load(copied.weights, copied.buffers, copied.byte_counts, count, 2, NULL, NULL, &failure));
  DONE(dvla_weights_load(placed.weights, placed.buffers, placed.byte_counts, count, 2, NULL, NULL, &failure));
  for (size_t i = 0; i < count; i++) {
    CHECK(memcmp(copied.buffers[i], placed.buffers[i], copied.byte_counts[i]) == 0);
    placed.buffers[i] = NULL;
  }
  drop(copied);
  drop(placed);
  close_bundle(bundle);
}

TEST(tied_tensors_name_the_one_they_share) {
  dvla_bundle bundle = open_bundle("paligemma.dvla.safetensors");
  planned made = plan(bundle, "state-dict-5.6");
  DONE(dvla_weights_load(made.weights, made.buffers, made.byte_counts, made.info.tensor_count, 1, NULL,
                         NULL, &failure));
  size_t ties = 0;
  for (size_t i = 0; i < made.info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor}, other = {sizeof other};
    DONE(dvla_weights_tensor(made.weights, i, &tensor, &failure));
    if (tensor.tied_to == i) continue;
    ties++;
    DONE(dvla_weights_tensor(made.weights, tensor.tied_to, &other, &failure));
    CHECK(strstr(tensor.name, "lm_head") || strstr(tensor.name, "embed_tokens"));
    CHECK_EQUAL(tensor.byte_count, other.byte_count);
    CHECK(memcmp(made.buffers[i], made.buffers[tensor.tied_to], tensor.byte_count) == 0);
  }
  CHECK_EQUAL(ties, 1);
  drop(made);
  close_bundle(bundle);
}

TEST(layout_names_keep_int8_as_it_is_stored) {
  dvla_bundle bundle = open_bundle("robot-int8.dvla.safetensors");
  dvla_bundle_info bundle_info = {sizeof bundle_info};
  DONE(dvla_bundle_describe(bundle, &bundle_info, &failure));
  dvla_weights_options options = {sizeof options, .naming = "layout", .keeps_int8 = true};
  dvla_weights weights = NULL;
  DONE(dvla_weights_plan(bundle, &options, &weights, &failure));
  dvla_weights_info info = {sizeof info};
  DONE(dvla_weights_describe(weights, &info, &failure));
  CHECK_EQUAL(info.int8_count, 102);
  CHECK_EQUAL(info.dequantized_count, 0);
  CHECK_EQUAL(info.tensor_count, bundle_info.tensor_count);
  void **buffers = calloc(info.tensor_count, sizeof *buffers);
  size_t *sizes = calloc(info.tensor_count, sizeof *sizes);
  for (size_t i = 0; i < info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    DONE(dvla_weights_tensor(weights, i, &tensor, &failure));
    sizes[i] = tensor.byte_count;
    buffers[i] = malloc(tensor.byte_count);
  }
  DONE(dvla_weights_load(weights, buffers, sizes, info.tensor_count, 2, NULL, NULL, &failure));
  for (size_t i = 0; i < info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor}, stored = {sizeof stored};
    size_t index;
    DONE(dvla_weights_tensor(weights, i, &tensor, &failure));
    DONE(dvla_bundle_find(bundle, tensor.name, &index, &failure));
    DONE(dvla_bundle_tensor(bundle, index, &stored, &failure));
    CHECK_TEXT(tensor.dtype, stored.dtype);
    CHECK_EQUAL(tensor.byte_count, stored.byte_count);
    uint8_t *bytes = malloc(stored.byte_count);
    DONE(dvla_bundle_read(bundle, index, 0, bytes, stored.byte_count, 1, &failure));
    CHECK(memcmp(bytes, buffers[i], sizes[i]) == 0);
    free(bytes);
    free(buffers[i]);
  }
  free(buffers);
  free(sizes);
  DONE(dvla_weights_close(weights, &failure));
  options.naming = "original";
  options.family = "dinov2";
  REFUSED(64, "export.int8", dvla_weights_plan(bundle, &options, &weights, &failure));
  close_bundle(bundle);
}
