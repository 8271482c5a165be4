/* Policies and their chunks of actions. */
#include "test.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dvla_policy make_policy(const char *name, const dvla_policy_options *options) {
  dvla_bundle bundle = open_bundle(name);
  dvla_policy policy = NULL;
  DONE(dvla_policy_create(bundle, options, &policy, &failure));
  close_bundle(bundle);
  return policy;
}

static void close_policy(dvla_policy policy) { DONE(dvla_policy_close(policy, &failure)); }

static dvla_chunk act(dvla_policy policy, const dvla_observation *observation) {
  dvla_chunk chunk = NULL;
  DONE(dvla_policy_act(policy, observation, NULL, NULL, &chunk, &failure));
  return chunk;
}

static void close_chunk(dvla_chunk chunk) { DONE(dvla_chunk_close(chunk, &failure)); }

static void check_document(dvla_chunk chunk, const char *expected) {
  char *text = chunk_document(chunk), *file = (char *)read_file(fixture(expected), NULL);
  CHECK_TEXT(text, file);
  free(text);
  free(file);
}

TEST(a_policy_describes_itself) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  dvla_policy_info info = {sizeof info};
  DONE(dvla_policy_describe(policy, &info, &failure));
  CHECK_EQUAL(info.horizon, 8);
  CHECK_EQUAL(info.model_action_width, 7);
  CHECK_EQUAL(info.model_state_width, 11);
  CHECK_EQUAL(info.token_limit, 48);
  CHECK_EQUAL(info.steps, 10);
  CHECK(info.has_depth);
  close_policy(policy);
  policy = make_policy("pi0.dvla.safetensors", NULL);
  DONE(dvla_policy_describe(policy, &info, &failure));
  CHECK(!info.has_depth);
  close_policy(policy);
}

/* The command wrote what is expected. */
TEST(actions_are_those_of_the_command) {
  const struct {
    const char *bundle, *expected;
    dvla_policy_options options;
    const char *mask;
    uint64_t seed;
    uint32_t steps;
  } cases[] = {
      {"robot.dvla.safetensors", "expected/chunk.json", {0}, NULL, 0, 0},
      {"robot.dvla.safetensors", "expected/chunk.json", {.loads_first = true, .threads = 1}, NULL, 0, 0},
      {"robot.dvla.safetensors", "expected/chunk.json", {.threads = 4, .products = "exact"}, "block", 0, 10},
      {"robot.dvla.safetensors", "expected/chunk-full.json", {0}, "full", UINT64_MAX, 3},
      {"robot.dvla.safetensors", "expected/chunk-no-depth.json", {.without_depth = true}, NULL, 0, 0},
      {"robot-int8.dvla.safetensors", "expected/chunk-native.json", {.products = "native"}, NULL, 0, 0},
      {"pi0.dvla.safetensors", "expected/chunk-pi0.json", {0}, NULL, 0, 0},
  };
  size_t size;
  uint8_t *file = read_file(fixture("images/rgb8.png"), &size);
  dvla_image image = NULL;
  DONE(dvla_image_decode(file, size, &image, &failure));
  free(file);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dvla_policy_options options = cases[i].options;
    options.struct_size = sizeof options;
    dvla_policy policy = make_policy(cases[i].bundle, &options);
    test_observation seen;
    make_observation(&seen);
    DONE(dvla_image_picture(image, &seen.picture, &failure));
    seen.picture.name = "images/rgb8.png";
    seen.observation.mask = cases[i].mask;
    seen.observation.seed = cases[i].seed;
    seen.observation.steps = cases[i].steps;
    /* The second time from memory. */
    for (int again = 0; again < 2; again++) {
      dvla_chunk chunk = act(policy, &seen.observation);
      check_document(chunk, cases[i].expected);
      close_chunk(chunk);
    }
    close_policy(policy);
  }
  DONE(dvla_image_close(image, &failure));
}

TEST(a_chunk_outlives_its_policy) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  test_observation seen;
  make_observation(&seen);
  dvla_chunk chunk = act(policy, &seen.observation);
  close_policy(policy);
  dvla_chunk_info info = {sizeof info};
  DONE(dvla_chunk_describe(chunk, &info, &failure));
  CHECK_EQUAL(info.horizon, 8);
  CHECK_EQUAL(info.action_width, 5);
  CHECK_EQUAL(info.model_action_width, 7);
  CHECK_EQUAL(info.depth_count, 1);
  CHECK_EQUAL(info.token_count, 7);
  CHECK(info.is_in_robot_units);
  CHECK(info.prepare_seconds >= 0 && info.forward_seconds > 0);
  double actions[40];
  float model_actions[56];
  DONE(dvla_chunk_actions(chunk, actions, 40, &failure));
  DONE(dvla_chunk_model_actions(chunk, model_actions, 56, &failure));
  for (int i = 0; i < 40; i++) CHECK(isfinite(actions[i]));
  REFUSED(64, "buffer.size", dvla_chunk_actions(chunk, actions, 39, &failure));
  REFUSED(64, "buffer.size", dvla_chunk_actions(chunk, actions, SIZE_MAX, &failure));
  REFUSED(64, "buffer.size", dvla_chunk_model_actions(chunk, model_actions, 57, &failure));
  REFUSED(64, "argument.null", dvla_chunk_actions(chunk, NULL, 40, &failure));
  REFUSED(64, "argument.null", dvla_chunk_model_actions(chunk, NULL, 56, &failure));
  dvla_depth_map map = NULL;
  REFUSED(64, "argument.range", dvla_chunk_depth(chunk, 1, &map, &failure));
  REFUSED(64, "argument.range", dvla_chunk_depth(chunk, SIZE_MAX, &map, &failure));
  DONE(dvla_chunk_depth(chunk, 0, &map, &failure));
  close_chunk(chunk);
  dvla_depth_info depth = {sizeof depth};
  DONE(dvla_depth_map_describe(map, &depth, &failure));
  CHECK_TEXT(depth.meaning, "unscaled");
  CHECK_EQUAL(depth.height, 11);
  CHECK_EQUAL(depth.width, 13);
  DONE(dvla_depth_map_close(map, &failure));
}

TEST(depth_maps_may_be_left_out) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  test_observation seen;
  make_observation(&seen);
  double with[40], without[40];
  dvla_chunk chunk = act(policy, &seen.observation);
  DONE(dvla_chunk_actions(chunk, with, 40, &failure));
  close_chunk(chunk);
  seen.observation.without_depth_maps = true;
  chunk = act(policy, &seen.observation);
  DONE(dvla_chunk_actions(chunk, without, 40, &failure));
  dvla_chunk_info info = {sizeof info};
  DONE(dvla_chunk_describe(chunk, &info, &failure));
  CHECK_EQUAL(info.depth_count, 0);
  dvla_depth_map map = NULL;
  REFUSED(64, "argument.range", dvla_chunk_depth(chunk, 0, &map, &failure));
  close_chunk(chunk);
  CHECK(memcmp(with, without, sizeof with) == 0);
  close_policy(policy);
}

TEST(given_noise_is_that_of_its_seed) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  test_observation seen;
  make_observation(&seen);
  seen.observation.seed = 11;
  double drawn[40], given[40];
  float noise[56];
  dvla_chunk chunk = act(policy, &seen.observation);
  DONE(dvla_chunk_actions(chunk, drawn, 40, &failure));
  close_chunk(chunk);
  DONE(dvla_policy_noise(policy, 11, noise, 56, &failure));
  REFUSED(64, "buffer.size", dvla_policy_noise(policy, 11, noise, 55, &failure));
  REFUSED(64, "argument.null", dvla_policy_noise(policy, 11, NULL, 56, &failure));
  seen.observation.noise = noise;
  seen.observation.noise_count = 56;
  seen.observation.seed = 12;
  chunk = act(policy, &seen.observation);
  DONE(dvla_chunk_actions(chunk, given, 40, &failure));
  close_chunk(chunk);
  CHECK(memcmp(drawn, given, sizeof drawn) == 0);
  close_policy(policy);
}

TEST(tokens_are_those_of_the_prompt) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  int64_t tokens[48];
  size_t count = 0;
  DONE(dvla_policy_tokens(policy, "pick up the red cup", NULL, 0, &count, &failure));
  CHECK_EQUAL(count, 7);
  REFUSED(64, "buffer.size",
          dvla_policy_tokens(policy, "pick up the red cup", tokens, 6, &count, &failure));
  CHECK_EQUAL(count, 7);
  DONE(dvla_policy_tokens(policy, "pick up the red cup", tokens, 48, &count, &failure));
  CHECK_EQUAL(tokens[0], 2);
  REFUSED(64, "argument.null", dvla_policy_tokens(policy, NULL, tokens, 48, &count, &failure));
  REFUSED(64, "argument.null", dvla_policy_tokens(policy, "cup", tokens, 48, NULL, &failure));
  REFUSED(64, "argument.text", dvla_policy_tokens(policy, "c\xC3up", tokens, 48, &count, &failure));
  char *text = malloc(1 << 20);
  memset(text, 'x', 1 << 20);
  text[(1 << 20) - 1] = 0;
  REFUSED(64, "prompt.too-long", dvla_policy_tokens(policy, text, tokens, 48, &count, &failure));
  free(text);
  close_policy(policy);
}

typedef struct steps {
  uint64_t calls, total, stop_at;
} steps;

static bool count_steps(void *context, uint64_t done, uint64_t total) {
  steps *seen = context;
  CHECK_EQUAL(done, ++seen->calls);
  seen->total = total;
  return done != seen->stop_at;
}

TEST(a_forward_pass_reports_its_parts_and_stops_after_any) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  test_observation seen;
  make_observation(&seen);
  steps all = {0, 0, 0};
  dvla_chunk chunk = NULL;
  DONE(dvla_policy_act(policy, &seen.observation, count_steps, &all, &chunk, &failure));
  close_chunk(chunk);
  CHECK_EQUAL(all.calls, all.total);
  CHECK(all.total > 10);
  for (uint64_t stop = 1; stop <= all.total; stop++) {
    steps some = {0, 0, stop};
    chunk = NULL;
    REFUSED(130, "call.stopped",
            dvla_policy_act(policy, &seen.observation, count_steps, &some, &chunk, &failure));
    CHECK_EQUAL(some.calls, stop);
    CHECK(chunk == NULL);
  }
  chunk = act(policy, &seen.observation);
  close_chunk(chunk);
  close_policy(policy);
  /* The first pass, behind which the weights are still being read. */
  for (uint64_t stop = 1; stop <= all.total; stop += 5) {
    policy = make_policy("robot.dvla.safetensors", NULL);
    steps some = {0, 0, stop};
    REFUSED(130, "call.stopped",
            dvla_policy_act(policy, &seen.observation, count_steps, &some, &chunk, &failure));
    close_policy(policy);
  }
}

TEST(observations_that_do_not_fit_are_refused) {
  dvla_policy policy = make_policy("robot.dvla.safetensors", NULL);
  test_observation good, bad;
  make_observation(&good);
  float noise[56] = {0};
  double state[9] = {0};
  dvla_picture *many = calloc(100, sizeof *many);
  dvla_chunk chunk = NULL;
#define WITH(status, code, ...)                                                                    \
  do {                                                                                             \
    bad = good;                                                                                    \
    bad.observation.pictures = &bad.picture;                                                       \
    __VA_ARGS__;                                                                                   \
    REFUSED(status, code, dvla_policy_act(policy, &bad.observation, NULL, NULL, &chunk, &failure));   \
  } while (0)
  WITH(64, "structure.size", bad.observation.struct_size = 0);
  WITH(64, "structure.size", bad.observation.struct_size--);
  WITH(64, "structure.size", bad.picture.struct_size--);
  WITH(64, "argument.null", bad.observation.pictures = NULL);
  WITH(64, "argument.null", bad.picture.rgb = NULL);
  WITH(64, "argument.null", bad.observation.instruction = NULL);
  WITH(64, "argument.null", bad.observation.state = NULL);
  WITH(64, "argument.null", bad.observation.noise_count = 56);
  WITH(64, "policy.no-image", bad.observation.picture_count = 0);
  WITH(64, "structure.size", bad.observation.pictures = many, bad.observation.picture_count = 100);
  WITH(64, "policy.no-image", bad.observation.picture_count = SIZE_MAX);
  WITH(64, "argument.text", bad.observation.instruction = "\xED\xA0\x80");
  WITH(64, "argument.text", bad.picture.name = "\xFF");
  WITH(64, "argument.text", bad.observation.mask = "\x80");
  WITH(64, "argument.range", bad.observation.mask = "blocks");
  WITH(64, "argument.range", bad.observation.steps = UINT32_MAX);
  WITH(64, "argument.range", bad.observation.state_count = SIZE_MAX);
  WITH(64, "argument.range", bad.observation.state_count = (1 << 16) + 1);
  WITH(65, "policy.state-width", bad.observation.state_count = 7);
  WITH(65, "policy.state-width", bad.observation.state = state, bad.observation.state_count = 9);
  WITH(65, "policy.state-width", bad.observation.state_count = 0);
  WITH(64, "noise.shape", bad.observation.noise = noise, bad.observation.noise_count = 55);
  WITH(64, "noise.shape", bad.observation.noise = noise, bad.observation.noise_count = SIZE_MAX);
  WITH(65, "tokenizer.reserved", bad.observation.instruction = "pick <bos> up");
  const float wrong_noise[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    noise[31] = wrong_noise[i];
    WITH(65, "noise.not-finite", bad.observation.noise = noise, bad.observation.noise_count = 56);
    CHECK(strstr(failure.message, "31") != NULL);
    state[5] = (double)wrong_noise[i];
    WITH(65, "statistics.overflow", bad.observation.state = state);
    state[5] = 0;
  }
#undef WITH
  CHECK(chunk == NULL);
  /* It is as good as before. */
  close_chunk(act(policy, &good.observation));
  free(many);
  close_policy(policy);
}

TEST(policies_that_cannot_be_made_are_refused) {
  dvla_policy policy = NULL;
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  REFUSED(64, "policy.family", dvla_policy_create(bundle, NULL, &policy, &failure));
  close_bundle(bundle);
  bundle = open_bundle("no-tokenizer.dvla.safetensors");
  DONE(dvla_policy_create(bundle, NULL, &policy, &failure));
  close_bundle(bundle);
  test_observation seen;
  make_observation(&seen);
  dvla_chunk chunk = NULL;
  REFUSED(66, "policy.no-tokenizer", dvla_policy_act(policy, &seen.observation, NULL, NULL, &chunk, &failure));
  close_policy(policy);
  policy = NULL;
  bundle = open_bundle("robot.dvla.safetensors");
  dvla_policy_options options = {sizeof options, .products = "quick"};
  REFUSED(64, "argument.range", dvla_policy_create(bundle, &options, &policy, &failure));
  options = (dvla_policy_options){sizeof options, .threads = 257};
  REFUSED(64, "argument.range", dvla_policy_create(bundle, &options, &policy, &failure));
  options = (dvla_policy_options){.threads = 1};
  REFUSED(64, "structure.size", dvla_policy_create(bundle, &options, &policy, &failure));
  CHECK(policy == NULL);
  close_bundle(bundle);
}
