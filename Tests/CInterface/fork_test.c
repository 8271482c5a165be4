/* A process that was forked: fork_test FIXTURES. A program of its own, since its first use is what matters. */
#include <depthvla.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int failures, checks;
static char robot[1024], dinov2[1024];

static void expect(bool holds, const char *what) {
  checks++;
  if (holds) return;
  failures++;
  printf("fork_test: %s: does not hold\n", what);
}

/* The thread of the last callback. */
static pthread_t called;

static bool note_thread(void *context, uint64_t done, uint64_t total) {
  (void)context, (void)done, (void)total;
  called = pthread_self();
  return true;
}

/* What a process does that may use the library. */
static bool use(void) {
  dvla_bundle bundle = NULL;
  dvla_policy policy = NULL;
  dvla_chunk chunk = NULL;
  uint8_t pixels[12] = {0};
  double state[8] = {0};
  dvla_picture picture = {.struct_size = sizeof picture, .rgb = pixels, .height = 2, .width = 2};
  dvla_observation observation = {.struct_size = sizeof observation, .pictures = &picture,
                                  .picture_count = 1, .instruction = "cup", .state = state,
                                  .state_count = 8};
  return dvla_bundle_open(robot, NULL, &bundle, NULL) == DVLA_OK
         && dvla_bundle_verify(bundle, 2, note_thread, NULL, NULL) == DVLA_OK
         && dvla_policy_create(bundle, NULL, &policy, NULL) == DVLA_OK
         && dvla_policy_act(policy, &observation, NULL, NULL, &chunk, NULL) == DVLA_OK
         && dvla_chunk_close(chunk, NULL) == DVLA_OK && dvla_policy_close(policy, NULL) == DVLA_OK
         && dvla_bundle_close(bundle, NULL) == DVLA_OK;
}

/* Whether a child that runs the body ends well, within a minute. */
static bool in_child(bool (*body)(dvla_bundle), dvla_bundle bundle) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body(bundle) ? 0 : 1);
  }
  int status;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The thread that forked has the number that it had in its parent, in whose name the Swift runtime would take
 * locks that other threads wait for. Each call of it runs on a thread of the child's own instead. */
static bool use_it_on_another_thread(dvla_bundle bundle) {
  (void)bundle;
  return use() && !pthread_equal(called, pthread_self());
}

static void *use_it_on_this_thread(void *used) {
  *(bool *)used = use() && pthread_equal(called, pthread_self());
  return NULL;
}

static bool use_it_on_own_thread(dvla_bundle bundle) {
  (void)bundle;
  pthread_t thread;
  bool used = false;
  return pthread_create(&thread, NULL, use_it_on_this_thread, &used) == 0 && pthread_join(thread, NULL) == 0
         && used && use_it_on_another_thread(NULL);
}

static bool use_it_in_grandchild(dvla_bundle bundle) {
  return in_child(use_it_on_another_thread, bundle) && use_it_on_another_thread(bundle);
}

static bool is_refused(int32_t status, const dvla_error *error) {
  return status == DVLA_USAGE && error->status == status && strcmp(error->code, "process.forked") == 0;
}

static bool find_all_refused(dvla_bundle bundle) {
  dvla_error error;
  dvla_bundle other = NULL;
  dvla_bundle_info info = {.struct_size = sizeof info};
  dvla_image image = NULL;
  uint8_t byte;
  return dvla_abi_version() == DVLA_ABI_VERSION && dvla_version()[0] != 0
         && is_refused(dvla_bundle_open(robot, NULL, &other, &error), &error)
         && is_refused(dvla_bundle_describe(bundle, &info, &error), &error)
         && is_refused(dvla_bundle_read(bundle, 0, 0, &byte, 1, 1, &error), &error)
         && is_refused(dvla_bundle_verify(bundle, 1, NULL, NULL, &error), &error)
         && is_refused(dvla_image_decode("x", 1, &image, &error), &error)
         && is_refused(dvla_policy_close(NULL, &error), &error)
         && is_refused(dvla_bundle_close(bundle, &error), &error) && other == NULL && image == NULL;
}

static bool find_all_refused_in_grandchild(dvla_bundle bundle) {
  return find_all_refused(bundle) && in_child(find_all_refused, bundle);
}

static bool fork_here(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                      size_t byte_count) {
  (void)tensor, (void)bytes, (void)byte_count;
  /* While other threads of the parent unpack and hold what locks they hold. */
  if (index % 40 == 0) expect(in_child(find_all_refused, context), "a child of a load is refused");
  return true;
}

int main(int argument_count, char **arguments) {
  if (argument_count < 2) return 64;
  snprintf(robot, sizeof robot, "%s/robot.dvla.safetensors", arguments[1]);
  snprintf(dinov2, sizeof dinov2, "%s/dinov2.dvla.safetensors", arguments[1]);
  if (argument_count > 2) return use() ? 0 : 1;

  expect(dvla_abi_version() == DVLA_ABI_VERSION, "a version may be asked for before a fork");
  /* Where two threads wait for each other, they do so once in a while. */
  for (int i = 0; i < 12; i++)
    expect(in_child(use_it_on_another_thread, NULL), "a child of a process that has not used the library uses it");
  expect(in_child(use_it_on_own_thread, NULL), "so does a thread that such a child starts");
  expect(in_child(use_it_in_grandchild, NULL), "so does a child of such a child");
  expect(use() && pthread_equal(called, pthread_self()), "the parent does so on the thread that calls");
  dvla_bundle bundle = NULL;
  expect(dvla_bundle_open(dinov2, NULL, &bundle, NULL) == DVLA_OK, "a bundle opens");
  expect(in_child(find_all_refused, bundle), "a child of a process that has used it is refused");
  expect(in_child(find_all_refused_in_grandchild, bundle), "so is a child of that");
  expect(dvla_bundle_load(bundle, 4, fork_here, bundle, NULL) == DVLA_OK, "a load in which it forked");
  expect(dvla_bundle_close(bundle, NULL) == DVLA_OK, "the parent's handle is as it was");

  char word[] = "again";
  char *again[] = {arguments[0], arguments[1], word, NULL};
  pid_t child;
  int status = 1;
  expect(posix_spawn(&child, arguments[0], NULL, NULL, again, environ) == 0
             && waitpid(child, &status, 0) == child && status == 0,
         "a process that was spawned uses it");
  printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
