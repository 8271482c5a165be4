/* Gives the hostile files that depthvla-hostile-corpus made to the interface:
 *     hostile_test CORPUS FIXTURES
 * Each comes to the code that cases.tsv says, with the status 65 or 66; what must be taken is taken.
 * Memory stays bounded. */
#include <depthvla.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static dvla_error failure;
static const char *fixtures;
static dvla_bundle golden_bundle;

static bool ignore(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                   size_t byte_count) {
  /* Every byte is there. */
  volatile uint8_t last = byte_count ? ((const uint8_t *)bytes)[byte_count - 1] : 0;
  (void)last, (void)context, (void)index;
  return tensor->byte_count == byte_count;
}

/* Reads everything of an open bundle. The first error is kept. */
static int32_t read_all(dvla_bundle bundle) {
  dvla_bundle_info info = {sizeof info};
  int32_t status = dvla_bundle_describe(bundle, &info, &failure);
  if (status == DVLA_OK) status = dvla_bundle_load(bundle, 1, ignore, NULL, &failure);
  for (size_t i = 0; status == DVLA_OK && i < info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    status = dvla_bundle_tensor(bundle, i, &tensor, &failure);
    if (status != DVLA_OK) break;
    void *buffer = malloc(tensor.byte_count + 1);
    status = dvla_bundle_read(bundle, i, 0, buffer, tensor.byte_count, 1, &failure);
    free(buffer);
    if (status == DVLA_OK && tensor.resident) {
      status = dvla_bundle_read(bundle, i, 0, (void *)tensor.resident, tensor.byte_count, 1, &failure);
    }
  }
  for (size_t i = 0; status == DVLA_OK && i < info.asset_count; i++) {
    dvla_asset asset = {sizeof asset};
    status = dvla_bundle_asset(bundle, i, &asset, &failure);
    if (status != DVLA_OK) break;
    void *buffer = malloc(asset.byte_count + 1);
    status = dvla_bundle_read_asset(bundle, i, buffer, asset.byte_count, &failure);
    free(buffer);
  }
  return status;
}

/* A bundle: opened, loaded and verified, by either check and mapped. All ways agree on whether it is
 * sound; what verify says counts, which sees every byte. */
static int32_t try_bundle(const char *path) {
  int32_t status = DVLA_OK, loading[3] = {0, 0, 0};
  for (int way = 0; way < 3; way++) {
    dvla_open_options options = {sizeof options};
    options.checks_sha256 = way == 1;
    options.maps_file = way == 2;
    dvla_bundle bundle = NULL;
    status = dvla_bundle_open(path, &options, &bundle, &failure);
    if (status != DVLA_OK) return bundle == NULL ? status : -1;
    loading[way] = read_all(bundle);
    status = dvla_bundle_verify(bundle, 1, NULL, NULL, &failure);
    /* What a verification finds sound loads. */
    if (status == DVLA_OK && loading[way] != DVLA_OK) status = loading[way];
    dvla_error own = failure;
    if (dvla_bundle_close(bundle, NULL) != DVLA_OK) return -1;
    failure = own;
  }
  return status;
}

static int32_t try_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return -1;
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  /* No byte more, so that a read past the end is seen. */
  uint8_t *bytes = malloc(size);
  size_t found = fread(bytes, 1, size, file);
  fclose(file);
  dvla_image image = NULL;
  int32_t status = dvla_image_decode(bytes, found, &image, &failure);
  free(bytes);
  if (status != DVLA_OK) return image == NULL ? status : -1;
  dvla_picture picture = {sizeof picture};
  if (dvla_image_picture(image, &picture, NULL) != DVLA_OK) return -1;
  volatile uint8_t last = picture.rgb[3 * picture.height * picture.width - 1];
  (void)last;
  return dvla_image_close(image, NULL) == DVLA_OK ? DVLA_OK : -1;
}

/* What is wrong with a golden is found before it is compared. A sound one that no model here has the stages
 * of is refused for that alone. */
static int32_t try_golden(const char *path) {
  dvla_report report = NULL;
  int32_t status = dvla_parity_check(golden_bundle, &path, 1, NULL, NULL, NULL, &report, &failure);
  if (report) dvla_report_close(report, NULL);
  return status == DVLA_MALFORMED && strcmp(failure.code, "golden.unfit") == 0 ? DVLA_OK : status;
}

static int32_t try_tolerances(const char *path) {
  char golden[1024];
  snprintf(golden, sizeof golden, "%s/goldens/dinov2_28x70.safetensors", fixtures);
  const char *goldens[] = {golden};
  dvla_parity_options options = {sizeof options};
  options.tolerances = path;
  dvla_report report = NULL;
  int32_t status = dvla_parity_check(golden_bundle, goldens, 1, &options, NULL, NULL, &report, &failure);
  if (report) dvla_report_close(report, NULL);
  return status;
}

static int32_t try_signature(const char *path) {
  char bundle_path[1024], key[1024];
  snprintf(bundle_path, sizeof bundle_path, "%s/independent.dvla.safetensors", fixtures);
  snprintf(key, sizeof key, "%s/p256.pub.pem", fixtures);
  const char *keys[] = {key};
  dvla_open_options options = {sizeof options};
  options.public_key_files = keys;
  options.public_key_file_count = 1;
  options.signature_file = path;
  dvla_bundle bundle = NULL;
  int32_t status = dvla_bundle_open(bundle_path, &options, &bundle, &failure);
  if (status == DVLA_OK) dvla_bundle_close(bundle, NULL);
  return status;
}

static const struct {
  const char *door;
  int32_t (*try_file)(const char *path);
} doors[] = {
    {"bundle", try_bundle},         {"image", try_image},         {"golden", try_golden},
    {"tolerances", try_tolerances}, {"signature", try_signature},
};

int main(int argument_count, char **arguments) {
  if (argument_count != 3) return 64;
  fixtures = arguments[2];
  char path[1024], line[4096];
  snprintf(path, sizeof path, "%s/dinov2.dvla.safetensors", fixtures);
  if (dvla_bundle_open(path, NULL, &golden_bundle, &failure) != DVLA_OK) return 66;
  snprintf(path, sizeof path, "%s/cases.tsv", arguments[1]);
  FILE *cases = fopen(path, "r");
  if (!cases) return 66;
  int tried = 0, wrong = 0;
  while (fgets(line, sizeof line, cases)) {
    char *name = line, *code = strchr(line, '\t');
    if (!code) return 65;
    *code++ = 0;
    char *what = strchr(code, '\t');
    if (!what) return 65;
    *what++ = 0;
    what[strcspn(what, "\n")] = 0;
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
      size_t length = strlen(doors[i].door);
      if (strncmp(name, doors[i].door, length) != 0 || name[length] != '/') continue;
      snprintf(path, sizeof path, "%s/%s", arguments[1], name);
      memset(&failure, 0x5A, sizeof failure);
      int32_t status = doors[i].try_file(path);
      bool refused = status == DVLA_MALFORMED || status == DVLA_NOT_FOUND;
      tried++;
      if (*code ? refused && failure.status == status && strcmp(failure.code, code) == 0
                : status == DVLA_OK)
        continue;
      wrong++;
      printf("%s: %s: expected %s, found status %d, %s: %s\n", name, what, *code ? code : "none",
             status, failure.code, failure.message);
    }
  }
  fclose(cases);
  dvla_bundle_close(golden_bundle, NULL);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%d hostile files, %d wrong, at most %ld MB\n", tried, wrong, usage.ru_maxrss / 1024);
  return tried > 300 && wrong == 0 && usage.ru_maxrss < 1024 * 1024 ? 0 : 1;
}
