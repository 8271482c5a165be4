/* Goldens and parity. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *report_text(dvla_report report) {
  size_t length = 0;
  DONE(dvla_report_document(report, NULL, 0, &length, &failure));
  char *text = malloc(length + 1);
  REFUSED(64, "buffer.size", dvla_report_document(report, text, length - 1, &length, &failure));
  DONE(dvla_report_document(report, text, length, &length, &failure));
  text[length] = 0;
  return text;
}

static bool watch(void *context, uint64_t done, uint64_t total) {
  uint64_t *last = context;
  CHECK(done >= *last && done <= total && total > 0);
  *last = done;
  return true;
}

static bool stop(void *context, uint64_t done, uint64_t total) {
  (void)context, (void)done, (void)total;
  return false;
}

TEST(every_family_is_compared_with_its_goldens) {
  const struct {
    const char *bundle, *golden;
  } cases[] = {
      {"dinov2", "dinov2_28x70"},        {"registers", "dinov2-with-registers_28x70"},
      {"depth", "depth-anything-v2_28x70"}, {"depth-metric", "depth-anything-v2-metric_28x70"},
      {"paligemma", "paligemma_pad"},    {"robot", "depthvla_block_2cam_pad"},
      {"pi0", "pi0_2cam_missing"},       {"paligemma-int8", "paligemma_nopad"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[100], path[100];
    snprintf(name, sizeof name, "%s.dvla.safetensors", cases[i].bundle);
    snprintf(path, sizeof path, "goldens/%s.safetensors", cases[i].golden);
    dvla_bundle bundle = open_bundle(name);
    const char *goldens[] = {fixture(path)};
    dvla_report report = NULL;
    uint64_t done = 0;
    DONE(dvla_parity_check(bundle, goldens, 1, NULL, watch, &done, &report, &failure));
    CHECK(done > 0);
    char *text = report_text(report);
    CHECK(strstr(text, cases[i].golden) != NULL);
    free(text);
    DONE(dvla_report_close(report, &failure));
    close_bundle(bundle);
  }
}

TEST(a_stage_out_of_tolerance_is_named) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  /* INT8 weights are further off than float32 allows. */
  dvla_bundle rounded = open_bundle("paligemma-int8.dvla.safetensors");
  dvla_parity_options options = {sizeof options, .precision_class = "f32"};
  const char *goldens[] = {fixture("goldens/paligemma_nopad.safetensors")};
  dvla_report report = NULL;
  REFUSED(1, "parity.exceeded",
          dvla_parity_check(rounded, goldens, 1, &options, NULL, NULL, &report, &failure));
  CHECK(strstr(failure.message, "siglip.embeddings") != NULL);
  if (!CHECK(report != NULL)) return;
  char *text = report_text(report);
  CHECK(text[0] == '{');
  free(text);
  DONE(dvla_report_close(report, &failure));

  report = NULL;
  REFUSED(65, "golden.unfit", dvla_parity_check(bundle, goldens, 1, NULL, NULL, NULL, &report, &failure));
  goldens[0] = fixture("goldens/dinov2_28x70.safetensors");
  REFUSED(130, "call.stopped", dvla_parity_check(bundle, goldens, 1, NULL, stop, NULL, &report, &failure));
  REFUSED(64, "argument.range",
          dvla_parity_check(bundle, goldens, SIZE_MAX, NULL, NULL, NULL, &report, &failure));
  REFUSED(64, "golden.empty", dvla_parity_check(bundle, goldens, 0, NULL, NULL, NULL, &report, &failure));
  goldens[0] = fixture("nothing");
  REFUSED(66, "file.not-found", dvla_parity_check(bundle, goldens, 1, NULL, NULL, NULL, &report, &failure));
  const dvla_parity_options wrong[] = {
      {sizeof options, .products = "quick"},     {sizeof options, .precision_class = "f64"},
      {sizeof options, .mask = "none"},          {sizeof options, .threads = 1000},
  };
  for (size_t i = 0; i < 4; i++) {
    REFUSED(64, "argument.range",
            dvla_parity_check(bundle, goldens, 1, &wrong[i], NULL, NULL, &report, &failure));
  }
  CHECK(report == NULL);
  close_bundle(bundle);
  close_bundle(rounded);
}

TEST(a_recorded_golden_is_one_that_the_model_passes) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  const char *inputs = fixture("goldens/dinov2_28x70.safetensors");
  const char *output = scratch("recorded.safetensors");
  unlink(output);
  DONE(dvla_golden_record(bundle, inputs, output, "layer.*", false, NULL, &failure));
  REFUSED(73, "file.exists", dvla_golden_record(bundle, inputs, output, NULL, false, NULL, &failure));
  DONE(dvla_golden_record(bundle, inputs, output, NULL, true, NULL, &failure));
  dvla_report report = NULL;
  DONE(dvla_parity_check(bundle, &output, 1, NULL, NULL, NULL, &report, &failure));
  DONE(dvla_report_close(report, &failure));
  const char *nowhere = fixture("nothing/recorded.safetensors");
  REFUSED(73, "file.cannot-create", dvla_golden_record(bundle, inputs, nowhere, NULL, true, NULL, &failure));
  prepare_failure();
  CHECK(dvla_golden_record(bundle, inputs, output, "no.such.stage", true, NULL, &failure) != DVLA_OK);
  CHECK(dvla_golden_record(bundle, inputs, output, "*.*[", true, NULL, &failure) != DVLA_OK);
  close_bundle(bundle);
}
