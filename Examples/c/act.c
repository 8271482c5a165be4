/* Acts once: opens a bundle, decodes pictures, and writes the chunk of actions as JSON, which is what
 * `depthvla run --actions` writes for the same inputs.
 *
 *     cc act.c -ldepthvla -o act
 *     act robot.dvla.safetensors "pick up the red cup" chunk.json \
 *       --image base.png --state 0.1,0.2,-0.3,0.4,0.5,0.6,0.7,0.8 --public-key release.pub.pem
 *
 * With --public-key only a bundle signed with that key is accepted. The status is that of the command. */
#include <depthvla.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAMERA_LIMIT = 8, STATE_LIMIT = 64 };

static dvla_error error;

/* Ends the program where the library refuses something. */
static void must(int32_t status) {
  if (status == DVLA_OK) return;
  fprintf(stderr, "act: %s (%s)\n", error.message, error.code);
  exit(status);
}

static void fail(int status, const char *text, const char *detail) {
  fprintf(stderr, "act: %s %s\n", text, detail);
  exit(status);
}

static dvla_image read_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(DVLA_NOT_FOUND, "cannot open", path);
  size_t size = 0, capacity = 1 << 16;
  unsigned char *bytes = malloc(capacity);
  while (bytes) {
    size += fread(bytes + size, 1, capacity - size, file);
    if (size < capacity) break;
    bytes = realloc(bytes, capacity *= 2);
  }
  if (!bytes || ferror(file)) fail(DVLA_INPUT_OUTPUT, "cannot read", path);
  fclose(file);
  dvla_image image;
  must(dvla_image_decode(bytes, size, &image, &error));
  free(bytes);
  return image;
}

static size_t read_state(const char *text, double *state) {
  size_t count = 0;
  while (*text) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || count == STATE_LIMIT) fail(DVLA_USAGE, "--state: not a number, or too many, at", text);
    state[count++] = number;
    text = *end == ',' ? end + 1 : end;
  }
  return count;
}

int main(int argument_count, char **arguments) {
  if (argument_count < 4 || argument_count % 2 != 0) {
    fail(DVLA_USAGE, "usage: act BUNDLE INSTRUCTION OUTPUT --image FILE... --state N,N,...",
         "[--public-key FILE] [--seed N]");
  }
  dvla_open_options options = {.struct_size = sizeof options};
  dvla_observation observation = {.struct_size = sizeof observation};
  dvla_picture pictures[CAMERA_LIMIT];
  dvla_image images[CAMERA_LIMIT];
  double state[STATE_LIMIT];
  observation.instruction = arguments[2];
  observation.pictures = pictures;
  observation.state = state;
  for (int i = 4; i < argument_count; i += 2) {
    const char *name = arguments[i], *value = arguments[i + 1];
    if (strcmp(name, "--image") == 0 && observation.picture_count < CAMERA_LIMIT) {
      size_t camera = observation.picture_count++;
      images[camera] = read_image(value);
      pictures[camera] = (dvla_picture){.struct_size = sizeof *pictures};
      must(dvla_image_picture(images[camera], &pictures[camera], &error));
      pictures[camera].name = value;
    } else if (strcmp(name, "--state") == 0) {
      observation.state_count = read_state(value, state);
    } else if (strcmp(name, "--public-key") == 0) {
      options.public_key_files = (const char *const *)&arguments[i + 1];
      options.public_key_file_count = 1;
    } else if (strcmp(name, "--seed") == 0) {
      observation.seed = strtoull(value, NULL, 10);
    } else {
      fail(DVLA_USAGE, "unknown option", name);
    }
  }

  dvla_bundle bundle;
  dvla_policy policy;
  dvla_chunk chunk;
  must(dvla_bundle_open(arguments[1], &options, &bundle, &error));
  must(dvla_policy_create(bundle, NULL, &policy, &error));
  must(dvla_policy_act(policy, &observation, NULL, NULL, &chunk, &error));

  size_t length;
  must(dvla_chunk_document(chunk, NULL, 0, &length, &error));
  char *text = malloc(length);
  if (!text) fail(DVLA_UNAVAILABLE, "out of memory", "");
  must(dvla_chunk_document(chunk, text, length, &length, &error));
  FILE *file = fopen(arguments[3], "wb");
  if (!file) fail(DVLA_CANNOT_CREATE, "cannot create", arguments[3]);
  size_t written = fwrite(text, 1, length, file);
  if (fclose(file) != 0 || written != length) fail(DVLA_INPUT_OUTPUT, "cannot write", arguments[3]);
  free(text);

  must(dvla_chunk_close(chunk, &error));
  must(dvla_policy_close(policy, &error));
  must(dvla_bundle_close(bundle, &error));
  while (observation.picture_count > 0) {
    must(dvla_image_close(images[--observation.picture_count], &error));
  }
  return 0;
}
