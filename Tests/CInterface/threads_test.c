/* Several threads, callbacks that call back, and what a caller's process keeps. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8 };

/* Runs it on that many threads with the same argument. */
static void on_threads(int count, void *(*body)(void *), void *argument) {
  pthread_t threads[THREADS];
  for (int i = 0; i < count; i++) CHECK_EQUAL(pthread_create(&threads[i], NULL, body, argument), 0);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static uint64_t hash(uint64_t state, const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) state = (state ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
  return state;
}

static bool add_to_hash(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                        size_t byte_count) {
  (void)index, (void)tensor;
  *(uint64_t *)context = hash(*(uint64_t *)context, bytes, byte_count);
  return true;
}

static void *load_it(void *argument) {
  dvla_error own;
  uint64_t found = 1, again = 1;
  CHECK_EQUAL(dvla_bundle_load(argument, 2, add_to_hash, &found, &own), DVLA_OK);
  dvla_bundle_info info = {sizeof info};
  CHECK_EQUAL(dvla_bundle_describe(argument, &info, &own), DVLA_OK);
  for (size_t i = 0; i < info.tensor_count; i++) {
    dvla_tensor tensor = {sizeof tensor};
    CHECK_EQUAL(dvla_bundle_tensor(argument, i, &tensor, &own), DVLA_OK);
    void *buffer = malloc(tensor.byte_count);
    CHECK_EQUAL(dvla_bundle_read(argument, i, 0, buffer, tensor.byte_count, 1, &own), DVLA_OK);
    again = hash(again, buffer, tensor.byte_count);
    free(buffer);
  }
  CHECK(found == again);
  CHECK_EQUAL(dvla_bundle_verify(argument, 1, NULL, NULL, &own), DVLA_OK);
  return NULL;
}

TEST(a_bundle_is_used_by_eight_threads_at_once) {
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  on_threads(THREADS, load_it, bundle);
  close_bundle(bundle);
}

static void *open_and_close(void *argument) {
  for (int i = 0; i < 20; i++) {
    dvla_bundle bundle = NULL;
    CHECK_EQUAL(dvla_bundle_open(argument, NULL, &bundle, NULL), DVLA_OK);
    CHECK_EQUAL(dvla_bundle_close(bundle, NULL), DVLA_OK);
    CHECK_EQUAL(dvla_bundle_close(bundle, NULL), DVLA_USAGE);
  }
  return NULL;
}

TEST(bundles_are_opened_by_eight_threads_at_once) {
  on_threads(THREADS, open_and_close, (void *)(uintptr_t)fixture("dinov2.dvla.safetensors"));
}

typedef struct closing {
  dvla_bundle bundle;
  atomic_bool started;
  atomic_int closed;
} closing;

static bool wait_for_close(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                           size_t byte_count) {
  closing *shared = context;
  shared->started = true;
  /* The rest of the load is behind the close. */
  while (index == 3 && shared->closed == 0) usleep(100);
  volatile uint8_t last = ((const uint8_t *)bytes)[byte_count - 1];
  (void)last;
  return tensor->name[0] != 0;
}

static void *load_until_closed(void *argument) {
  closing *shared = argument;
  dvla_error own;
  CHECK_EQUAL(dvla_bundle_load(shared->bundle, 2, wait_for_close, shared, &own), DVLA_OK);
  return NULL;
}

TEST(a_bundle_that_is_closed_during_a_load_ends_after_it) {
  closing shared = {open_bundle("robot.dvla.safetensors"), false, 0};
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, load_until_closed, &shared), 0);
  while (!shared.started) usleep(100);
  close_bundle(shared.bundle);
  uint8_t byte;
  REFUSED(64, "handle.unknown", dvla_bundle_read(shared.bundle, 0, 0, &byte, 1, 1, &failure));
  shared.closed = 1;
  pthread_join(thread, NULL);
}

typedef struct acting {
  dvla_policy policy;
  dvla_depth_estimator estimator;
  test_observation seen;
  pthread_barrier_t begun, refused;
  bool is_first;
} acting;

static bool hold_policy(void *context, uint64_t done, uint64_t total) {
  acting *shared = context;
  (void)total;
  if (done == 1) {
    pthread_barrier_wait(&shared->begun);
    pthread_barrier_wait(&shared->refused);
  }
  return true;
}

static void *act_slowly(void *argument) {
  acting *shared = argument;
  dvla_chunk chunk = NULL;
  dvla_error own;
  CHECK_EQUAL(
      dvla_policy_act(shared->policy, &shared->seen.observation, hold_policy, shared, &chunk, &own),
      DVLA_OK);
  CHECK_EQUAL(dvla_chunk_close(chunk, &own), DVLA_OK);
  return NULL;
}

TEST(a_policy_does_one_thing_at_a_time) {
  acting shared;
  memset(&shared, 0, sizeof shared);
  make_observation(&shared.seen);
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  DONE(dvla_policy_create(bundle, NULL, &shared.policy, &failure));
  close_bundle(bundle);
  pthread_barrier_init(&shared.begun, NULL, 2);
  pthread_barrier_init(&shared.refused, NULL, 2);
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, act_slowly, &shared), 0);
  pthread_barrier_wait(&shared.begun);
  dvla_chunk chunk = NULL;
  REFUSED(64, "handle.busy",
          dvla_policy_act(shared.policy, &shared.seen.observation, NULL, NULL, &chunk, &failure));
  CHECK(chunk == NULL);
  /* What does not compute goes on. */
  size_t count;
  float noise[56];
  dvla_policy_info info = {sizeof info};
  DONE(dvla_policy_describe(shared.policy, &info, &failure));
  DONE(dvla_policy_tokens(shared.policy, "cup", NULL, 0, &count, &failure));
  DONE(dvla_policy_noise(shared.policy, 1, noise, 56, &failure));
  /* Closed while it is being used. */
  DONE(dvla_policy_close(shared.policy, &failure));
  pthread_barrier_wait(&shared.refused);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&shared.begun);
  pthread_barrier_destroy(&shared.refused);
}

static void *act_or_be_refused(void *argument) {
  acting *shared = argument;
  for (int i = 0; i < 10; i++) {
    dvla_error own;
    dvla_chunk chunk = NULL;
    int32_t status = dvla_policy_act(shared->policy, &shared->seen.observation, NULL, NULL, &chunk, &own);
    CHECK(status == DVLA_OK ? chunk != NULL : strcmp(own.code, "handle.busy") == 0);
    if (chunk) CHECK_EQUAL(dvla_chunk_close(chunk, NULL), DVLA_OK);
    dvla_depth_map map = NULL;
    status = dvla_depth_estimate(shared->estimator, &shared->seen.picture, &map, &own);
    CHECK(status == DVLA_OK ? map != NULL : strcmp(own.code, "handle.busy") == 0);
    if (map) CHECK_EQUAL(dvla_depth_map_close(map, NULL), DVLA_OK);
  }
  return NULL;
}

TEST(threads_that_compete_for_a_policy_get_chunks_or_are_refused) {
  acting shared;
  memset(&shared, 0, sizeof shared);
  make_observation(&shared.seen);
  dvla_bundle bundle = open_bundle("robot.dvla.safetensors");
  DONE(dvla_policy_create(bundle, NULL, &shared.policy, &failure));
  close_bundle(bundle);
  bundle = open_bundle("depth.dvla.safetensors");
  DONE(dvla_depth_estimator_create(bundle, NULL, &shared.estimator, &failure));
  close_bundle(bundle);
  on_threads(4, act_or_be_refused, &shared);
  DONE(dvla_policy_close(shared.policy, &failure));
  DONE(dvla_depth_estimator_close(shared.estimator, &failure));
}

typedef struct nested {
  dvla_policy policy;
  dvla_bundle bundle;
  test_observation seen;
  pthread_t thread;
  int calls;
} nested;

static bool call_back(void *context, uint64_t done, uint64_t total) {
  nested *own = context;
  (void)done, (void)total;
  own->calls++;
  CHECK(pthread_equal(own->thread, pthread_self()));
  dvla_chunk chunk = NULL;
  REFUSED(64, "handle.busy",
          dvla_policy_act(own->policy, &own->seen.observation, NULL, NULL, &chunk, &failure));
  dvla_tensor tensor = {sizeof tensor};
  CHECK_EQUAL(dvla_bundle_tensor(own->bundle, 0, &tensor, NULL), DVLA_OK);
  uint64_t found = 1;
  CHECK_EQUAL(dvla_bundle_load(own->bundle, 2, add_to_hash, &found, NULL), DVLA_OK);
  return true;
}

static bool load_again(void *context, size_t index, const dvla_tensor *tensor, const void *bytes,
                       size_t byte_count) {
  nested *own = context;
  (void)tensor, (void)bytes, (void)byte_count;
  CHECK(pthread_equal(own->thread, pthread_self()));
  uint64_t found = 1;
  if (index % 50 == 0) {
    CHECK_EQUAL(dvla_bundle_load(own->bundle, 2, add_to_hash, &found, NULL), DVLA_OK);
    own->calls++;
  }
  return true;
}

TEST(a_callback_may_call_the_library) {
  nested own;
  memset(&own, 0, sizeof own);
  make_observation(&own.seen);
  own.thread = pthread_self();
  own.bundle = open_bundle("robot.dvla.safetensors");
  DONE(dvla_policy_create(own.bundle, NULL, &own.policy, &failure));
  dvla_chunk chunk = NULL;
  DONE(dvla_policy_act(own.policy, &own.seen.observation, call_back, &own, &chunk, &failure));
  CHECK(own.calls > 10);
  DONE(dvla_chunk_close(chunk, &failure));
  own.calls = 0;
  DONE(dvla_bundle_load(own.bundle, 2, load_again, &own, &failure));
  CHECK_EQUAL(own.calls, 5);
  DONE(dvla_policy_close(own.policy, &failure));
  close_bundle(own.bundle);
}

static void *load_in_a_small_stack(void *argument) {
  acting *shared = argument;
  dvla_bundle bundle = NULL;
  CHECK_EQUAL(dvla_bundle_open(fixture("robot.dvla.safetensors"), NULL, &bundle, NULL), DVLA_OK);
  CHECK_EQUAL(dvla_bundle_verify(bundle, 1, NULL, NULL, NULL), DVLA_OK);
  dvla_policy policy = NULL;
  dvla_chunk chunk = NULL;
  CHECK_EQUAL(dvla_policy_create(bundle, NULL, &policy, NULL), DVLA_OK);
  CHECK_EQUAL(dvla_policy_act(policy, &shared->seen.observation, NULL, NULL, &chunk, NULL), DVLA_OK);
  CHECK_EQUAL(dvla_chunk_close(chunk, NULL), DVLA_OK);
  CHECK_EQUAL(dvla_policy_close(policy, NULL), DVLA_OK);
  CHECK_EQUAL(dvla_bundle_close(bundle, NULL), DVLA_OK);
  return NULL;
}

TEST(a_thread_needs_half_a_megabyte_of_stack) {
  acting shared;
  make_observation(&shared.seen);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 << 10);
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, &attributes, load_in_a_small_stack, &shared), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
}

TEST(the_handlers_of_signals_are_the_callers) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  const char *output = scratch("signals.safetensors");
  struct sigaction before[32], after;
  for (int number = 1; number < 32; number++) sigaction(number, NULL, &before[number]);
  sigset_t blocked_before, blocked_after;
  pthread_sigmask(SIG_SETMASK, NULL, &blocked_before);
  DONE(dvla_golden_record(bundle, fixture("goldens/dinov2_28x70.safetensors"), output, NULL, true, NULL,
                          &failure));
  for (int number = 1; number < 32; number++) {
    if (sigaction(number, NULL, &after) != 0) continue;
    CHECK(after.sa_handler == before[number].sa_handler);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &blocked_after);
  for (int number = 1; number < 32; number++) {
    CHECK_EQUAL(sigismember(&blocked_after, number), sigismember(&blocked_before, number));
  }
  close_bundle(bundle);
}
