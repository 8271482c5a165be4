/* Runs the registered tests. Nothing may be written to standard output or standard error meanwhile. */
#include "test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__thread dvla_error failure;

static struct {
  const char *name;
  void (*body)(void);
} tests[400];
static size_t test_count;
static const char *folder;
static const char *current = "";
static _Atomic int checks, failures;
static jmp_buf leave;
static FILE *report;

void add_test(const char *name, void (*body)(void)) {
  if (test_count == sizeof tests / sizeof *tests) abort();
  tests[test_count].name = name;
  tests[test_count++].body = body;
}

__attribute__((format(printf, 3, 4))) static void complain(const char *file, int line,
                                                           const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  flockfile(report);
  fprintf(report, "%s:%d: %s: ", file, line, current);
  vfprintf(report, format, arguments);
  fputc('\n', report);
  fflush(report);
  funlockfile(report);
  va_end(arguments);
  failures++;
}

bool check(bool holds, const char *text, const char *file, int line) {
  checks++;
  if (!holds) complain(file, line, "%s does not hold", text);
  return holds;
}

bool check_equal(int64_t found, int64_t expected, const char *text, const char *file, int line) {
  checks++;
  if (found != expected) {
    complain(file, line, "%s is %lld, expected %lld", text, (long long)found, (long long)expected);
  }
  return found == expected;
}

bool check_text(const char *found, const char *expected, const char *text, const char *file, int line) {
  checks++;
  bool equal = found && strcmp(found, expected) == 0;
  if (!equal) complain(file, line, "%s is %.200s, expected %.200s", text, found ? found : "NULL", expected);
  return equal;
}

void prepare_failure(void) { memset(&failure, 0x5A, sizeof failure); }

bool check_done(int32_t status, const char *text, const char *file, int line) {
  checks++;
  if (status != DVLA_OK) {
    complain(file, line, "%s: status %d, %s: %s", text, status, failure.code, failure.message);
  } else if (failure.status != DVLA_OK || failure.code[0] != 0) {
    complain(file, line, "%s: works, but says status %d", text, failure.status);
    return true;
  }
  return status == DVLA_OK;
}

/* Whether a text of an error ends, and has no control character in it. */
static bool is_clean(const char *text, size_t capacity, bool may_have_lines) {
  for (size_t i = 0; i < capacity; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == 0) return true;
    if (byte == 0x7F || (byte < 0x20 && !(may_have_lines && byte == '\n'))) return false;
  }
  return false;
}

bool check_refused(int32_t status, int32_t expected, const char *code, const char *text,
                   const char *file, int line) {
  checks++;
  if (status == DVLA_OK) {
    complain(file, line, "%s: works, expected %s", text, code);
    return false;
  }
  if (status != expected || failure.status != status || strcmp(failure.code, code) != 0) {
    complain(file, line, "%s: status %d (%d), %s: %.300s; expected %d, %s", text, status, failure.status,
             failure.code, failure.message, expected, code);
    return false;
  }
  if (failure.message[0] == 0 || !is_clean(failure.message, sizeof failure.message, false)
      || !is_clean(failure.file, sizeof failure.file, false)
      || !is_clean(failure.tensor, sizeof failure.tensor, false)
      || !is_clean(failure.details, sizeof failure.details, true)) {
    complain(file, line, "%s: a text of the error is empty or unclean: %s", text, failure.message);
    return false;
  }
  return true;
}

void end_test(void) { longjmp(leave, 1); }

static const char *path_in(const char *parent, const char *name) {
  static _Thread_local char paths[64][1024];
  static _Thread_local unsigned next;
  char *path = paths[next++ % 64];
  snprintf(path, sizeof paths[0], "%s/%s", parent, name);
  return path;
}

const char *fixture(const char *name) { return path_in(folder, name); }

const char *scratch(const char *name) {
  mkdir(fixture("scratch"), 0700);
  return path_in(fixture("scratch"), name);
}

uint8_t *read_file(const char *path, size_t *byte_count) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    complain(__FILE__, __LINE__, "cannot read %s", path);
    end_test();
  }
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc((size_t)size + 1);
  size_t found = fread(bytes, 1, (size_t)size, file);
  fclose(file);
  bytes[found] = 0;
  if (byte_count) *byte_count = found;
  return bytes;
}

void write_file(const char *path, const void *bytes, size_t byte_count) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, byte_count, file) != byte_count || fclose(file) != 0) {
    complain(__FILE__, __LINE__, "cannot write %s", path);
    end_test();
  }
}

dvla_bundle open_bundle(const char *name) {
  dvla_bundle bundle = NULL;
  DONE(dvla_bundle_open(fixture(name), NULL, &bundle, &failure));
  return bundle;
}

void close_bundle(dvla_bundle bundle) { DONE(dvla_bundle_close(bundle, &failure)); }

char *bundle_document(dvla_bundle bundle, const char *name) {
  size_t length = 0;
  DONE(dvla_bundle_document(bundle, name, NULL, 0, &length, &failure));
  char *text = malloc(length + 1);
  DONE(dvla_bundle_document(bundle, name, text, length, &length, &failure));
  text[length] = 0;
  return text;
}

char *chunk_document(dvla_chunk chunk) {
  size_t length = 0;
  DONE(dvla_chunk_document(chunk, NULL, 0, &length, &failure));
  char *text = malloc(length + 1);
  DONE(dvla_chunk_document(chunk, text, length, &length, &failure));
  text[length] = 0;
  return text;
}

const double robot_state[8] = {0.1, 0.2, -0.3, 0.4, 0.5, 0.6, 0.7, 0.8};

void make_observation(test_observation *made) {
  memset(made, 0, sizeof *made);
  for (size_t i = 0; i < sizeof made->pixels; i++) made->pixels[i] = (uint8_t)(37 * i + i / 39);
  made->picture.struct_size = sizeof made->picture;
  made->picture.rgb = made->pixels;
  made->picture.height = 11;
  made->picture.width = 13;
  made->observation.struct_size = sizeof made->observation;
  made->observation.pictures = &made->picture;
  made->observation.picture_count = 1;
  made->observation.instruction = "pick up the red cup";
  made->observation.state = robot_state;
  made->observation.state_count = 8;
}

int main(int argument_count, char **arguments) {
  if (argument_count < 2) return 64;
  folder = arguments[1];
  report = fdopen(dup(STDOUT_FILENO), "w");
  /* What the library would write. */
  const char *written = scratch("written");
  int sink = open(written, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (!report || sink < 0 || dup2(sink, STDOUT_FILENO) < 0 || dup2(sink, STDERR_FILENO) < 0) return 74;
  int ran = 0;
  for (size_t i = 0; i < test_count; i++) {
    if (argument_count > 2 && !strstr(tests[i].name, arguments[2])) continue;
    current = tests[i].name;
    ran++;
    if (setjmp(leave) == 0) tests[i].body();
  }
  current = "at the end";
  struct stat status;
  CHECK(fstat(sink, &status) == 0 && status.st_size == 0);
  fprintf(report, "%d tests, %d checks, %d failed\n", ran, checks, failures);
  fclose(report);
  return failures == 0 && ran > 0 ? 0 : 1;
}
