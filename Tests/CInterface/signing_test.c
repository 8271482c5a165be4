/* Which bundles a trust policy accepts. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

static dvla_open_options trusting(const char *const *files, size_t count) {
  dvla_open_options options = {sizeof options};
  options.public_key_files = files;
  options.public_key_file_count = count;
  return options;
}

TEST(a_signed_bundle_opens_with_its_key) {
  const char *files[] = {fixture("other.pub.pem"), fixture("release.pub.pem")};
  dvla_open_options options = trusting(files, 2);
  options.minimum_release = 7;
  dvla_bundle bundle = NULL;
  DONE(dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  CHECK(info.is_signed);
  CHECK_EQUAL(info.release, 7);
  char *text = bundle_document(bundle, "signature");
  CHECK(strstr(text, "7") != NULL && text[0] == '{');
  free(text);
  DONE(dvla_bundle_verify(bundle, 1, NULL, NULL, &failure));
  close_bundle(bundle);
}

TEST(a_key_may_be_given_as_text) {
  char *pem = (char *)read_file(fixture("release.pub.pem"), NULL);
  const char *keys[] = {pem};
  dvla_open_options options = {sizeof options};
  options.public_keys = keys;
  options.public_key_count = 1;
  dvla_bundle bundle = NULL;
  DONE(dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  close_bundle(bundle);
  keys[0] = "no key";
  REFUSED(65, "key.form", dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  keys[0] = "";
  REFUSED(65, "key.form", dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  free(pem);
}

TEST(what_is_not_trusted_is_refused) {
  const char *release[] = {fixture("release.pub.pem")}, *other[] = {fixture("other.pub.pem")};
  const char *private[] = {fixture("release.pem")}, *missing[] = {fixture("missing.pem")};
  dvla_bundle bundle = NULL;
  dvla_open_options options = trusting(release, 1);
  REFUSED(1, "signature.missing",
          dvla_bundle_open(fixture("robot.dvla.safetensors"), &options, &bundle, &failure));
  options.minimum_release = 8;
  REFUSED(1, "signature.release",
          dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  options = trusting(other, 1);
  REFUSED(1, "signature.key",
          dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  options = trusting(private, 1);
  REFUSED(65, "key.form",
          dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  options = trusting(missing, 1);
  REFUSED(66, "file.not-found",
          dvla_bundle_open(fixture("signed.dvla.safetensors"), &options, &bundle, &failure));
  CHECK_TEXT(failure.file, missing[0]);
  /* The signature of another bundle. */
  options = trusting(release, 1);
  options.signature_file = fixture("unnumbered.dvla.safetensors.sig");
  REFUSED(1, "signature.other-bundle",
          dvla_bundle_open(fixture("robot.dvla.safetensors"), &options, &bundle, &failure));
  /* A bundle that was signed without a number is older than any. */
  options = trusting(release, 1);
  DONE(dvla_bundle_open(fixture("unnumbered.dvla.safetensors"), &options, &bundle, &failure));
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  CHECK(info.is_signed);
  CHECK_EQUAL(info.release, 0);
  close_bundle(bundle);
  bundle = NULL;
  options.minimum_release = 1;
  REFUSED(1, "signature.release",
          dvla_bundle_open(fixture("unnumbered.dvla.safetensors"), &options, &bundle, &failure));
  CHECK(bundle == NULL);
}

TEST(a_policy_that_says_nothing_is_refused) {
  /* Keys that were left out by mistake must not mean that any bundle is accepted. */
  const char *none[] = {NULL};
  dvla_bundle bundle = NULL;
  const char *path = fixture("signed.dvla.safetensors");
  dvla_open_options options = {sizeof options};
  options.minimum_release = 7;
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .signature_file = fixture("signed.dvla.safetensors.sig")};
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .minimum_release = UINT64_MAX};
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .public_key_count = 1};
  REFUSED(64, "argument.null", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .public_key_file_count = 1};
  REFUSED(64, "argument.null", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .public_key_file_count = SIZE_MAX};
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .public_key_count = SIZE_MAX / 2 + 1};
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = trusting(none, 1);
  REFUSED(64, "argument.null", dvla_bundle_open(path, &options, &bundle, &failure));
  options = trusting(none, 0);
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  options = (dvla_open_options){sizeof options, .public_keys = none};
  REFUSED(64, "argument.range", dvla_bundle_open(path, &options, &bundle, &failure));
  CHECK(bundle == NULL);
}

/* Status and code of opening under a demanded gate. */
static void gated(const char *name, dvla_open_options options, int32_t status, const char *code) {
  dvla_bundle bundle = NULL;
  if (status == DVLA_OK) {
    DONE(dvla_bundle_open(fixture(name), &options, &bundle, &failure));
    dvla_bundle_info info = {sizeof info};
    DONE(dvla_bundle_describe(bundle, &info, &failure));
    CHECK(info.is_gated && !info.is_signed);
    char *text = bundle_document(bundle, "gate");
    CHECK(strstr(text, "\"passed\":true") != NULL);
    free(text);
    DONE(dvla_bundle_verify(bundle, 1, NULL, NULL, &failure));
    close_bundle(bundle);
  } else {
    REFUSED(status, code, dvla_bundle_open(fixture(name), &options, &bundle, &failure));
    CHECK(bundle == NULL);
  }
}

TEST(a_passed_gate_can_be_demanded) {
  const char *key[] = {fixture("gate.pub.pem")}, *other[] = {fixture("release.pub.pem")};
  const char *none[] = {NULL};
  dvla_open_options options = {sizeof options, .gate_key_files = key, .gate_key_file_count = 1};
  gated("gated.dvla.safetensors", options, DVLA_OK, NULL);
  gated("failed.dvla.safetensors", options, 1, "gate.failed");
  gated("robot.dvla.safetensors", options, 1, "gate.missing");
  options.gate_budget_file = fixture("budget.json");
  gated("gated.dvla.safetensors", options, DVLA_OK, NULL);
  options.gate_budget_file = fixture("strict-budget.json");
  gated("gated.dvla.safetensors", options, 1, "gate.weaker-budget");
  options.gate_budget_file = fixture("missing.json");
  gated("gated.dvla.safetensors", options, 66, "file.not-found");
  options.gate_budget_file = NULL;
  options.gate_file = fixture("gated.dvla.safetensors.gate");
  gated("gated.dvla.safetensors", options, DVLA_OK, NULL);
  gated("robot.dvla.safetensors", options, 1, "gate.other-bundle");
  options = (dvla_open_options){sizeof options, .gate_key_files = other, .gate_key_file_count = 1};
  gated("gated.dvla.safetensors", options, 1, "signature.key");
  /* Half a demand is none, and must not be taken for one that is met. */
  options = (dvla_open_options){sizeof options, .gate_key_files = none};
  gated("gated.dvla.safetensors", options, 64, "argument.range");
  options = (dvla_open_options){sizeof options, .gate_file = fixture("gated.dvla.safetensors.gate")};
  gated("gated.dvla.safetensors", options, 64, "argument.range");
  options = (dvla_open_options){sizeof options, .gate_budget_file = fixture("budget.json")};
  gated("gated.dvla.safetensors", options, 64, "argument.range");
  /* A gate does not stand for a signature. */
  options = (dvla_open_options){sizeof options, .gate_key_files = key, .gate_key_file_count = 1,
                                .public_key_files = other, .public_key_file_count = 1};
  gated("gated.dvla.safetensors", options, 1, "signature.missing");
}

TEST(a_changed_bundle_with_its_signature_is_refused) {
  size_t size, signature_size;
  uint8_t *bytes = read_file(fixture("signed.dvla.safetensors"), &size);
  uint8_t *signature = read_file(fixture("signed.dvla.safetensors.sig"), &signature_size);
  const char *path = scratch("changed.dvla.safetensors");
  write_file(scratch("changed.dvla.safetensors.sig"), signature, signature_size);
  bytes[size - 50] ^= 1;
  write_file(path, bytes, size);
  const char *files[] = {fixture("release.pub.pem")};
  dvla_open_options options = trusting(files, 1);
  dvla_bundle bundle = NULL;
  /* The header is sound, and what is in the chunks is found by SHA-256 when it is read. */
  DONE(dvla_bundle_open(path, &options, &bundle, &failure));
  dvla_bundle_info info = {sizeof info};
  DONE(dvla_bundle_describe(bundle, &info, &failure));
  dvla_tensor tensor = {sizeof tensor};
  DONE(dvla_bundle_tensor(bundle, info.tensor_count - 1, &tensor, &failure));
  void *buffer = malloc(tensor.byte_count);
  REFUSED(65, "bundle.chunk-hash",
          dvla_bundle_read(bundle, info.tensor_count - 1, 0, buffer, tensor.byte_count, 1, &failure));
  free(buffer);
  close_bundle(bundle);
  free(bytes);
  free(signature);
}
