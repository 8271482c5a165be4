/* A test is a function that registers itself. Its checks end the program's run with status 1, each after
 * a line that says where and what. test.c has the program; its first argument is the folder of fixtures
 * that check-c makes, a second one picks the tests whose names contain it. */
#ifndef TEST_H
#define TEST_H

#include <depthvla.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEST(name)                                                                                 \
  static void name(void);                                                                          \
  __attribute__((constructor)) static void register_##name(void) { add_test(#name, name); }        \
  static void name(void)

/* Goes on with the next check. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(found, expected)                                                               \
  check_equal((int64_t)(found), (int64_t)(expected), #found, __FILE__, __LINE__)
#define CHECK_TEXT(found, expected) check_text((found), (expected), #found, __FILE__, __LINE__)
/* The call, whose last argument is `&failure`, works. If it does not, the test ends. */
#define DONE(call)                                                                                 \
  do {                                                                                             \
    prepare_failure();                                                                             \
    if (!check_done((call), #call, __FILE__, __LINE__)) end_test();                                \
  } while (0)
/* The call, whose last argument is `&failure`, is refused with that status and code. */
#define REFUSED(status, code, call)                                                                \
  do {                                                                                             \
    prepare_failure();                                                                             \
    check_refused((call), (status), (code), #call, __FILE__, __LINE__);                            \
  } while (0)

/* Each thread has its own. */
extern __thread dvla_error failure;

void add_test(const char *name, void (*body)(void));
bool check(bool holds, const char *text, const char *file, int line);
bool check_equal(int64_t found, int64_t expected, const char *text, const char *file, int line);
bool check_text(const char *found, const char *expected, const char *text, const char *file, int line);
bool check_done(int32_t status, const char *text, const char *file, int line);
bool check_refused(int32_t status, int32_t expected, const char *code, const char *text,
                   const char *file, int line);
/* Fills it with what no call leaves. */
void prepare_failure(void);
/* Leaves the test, on the thread that runs it. */
__attribute__((noreturn)) void end_test(void);

/* The path of a fixture; the last 64 of a thread are kept. */
const char *fixture(const char *name);
/* A file in memory, followed by a zero. The caller frees it. */
uint8_t *read_file(const char *path, size_t *byte_count);
void write_file(const char *path, const void *bytes, size_t byte_count);
/* A path for a file of the test's own, in the folder of fixtures. */
const char *scratch(const char *name);

/* Opens a fixture, or ends the test. */
dvla_bundle open_bundle(const char *name);
void close_bundle(dvla_bundle bundle);
/* A document or text in memory of its own, followed by a zero. The caller frees it. */
char *bundle_document(dvla_bundle bundle, const char *name);
char *chunk_document(dvla_chunk chunk);

/* An observation for the tiny policies: one picture of 13 x 11, which has to outlive it. */
typedef struct test_observation {
  dvla_observation observation;
  dvla_picture picture;
  uint8_t pixels[11 * 13 * 3];
} test_observation;
void make_observation(test_observation *made);
extern const double robot_state[8];

#ifdef __cplusplus
}
#endif

#endif
