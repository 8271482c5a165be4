/* depthvla.h: verified weights and policies of DepthVLA for C and C++.
 *
 * Opens weight bundles under a trust policy, reads their tensors, gives them the names of an upstream
 * library, and runs policies and depth estimators on the CPU. Link with -ldepthvla.
 *
 * STATUS AND ERRORS. Every function that can fail returns DVLA_OK (0) or the exit status with which
 * the command `depthvla` would end. Its last parameter, which may be NULL, receives the same status
 * with a stable code, such as "bundle.chunk-hash", and a text. No Swift error and no C++ exception
 * crosses the interface, and nothing is written to standard output or standard error. On failure
 * outputs are left as they were, except the memory that a read or load was filling: its contents
 * must not be used.
 *
 * HANDLES are numbers that this library gives out once, not addresses. A handle that was closed or is
 * of another kind is refused with the code "handle.unknown"; it is never followed. The caller closes
 * every handle. Closing one that another thread is using is safe: that call ends as if it were still
 * open. A handle stays usable after those that it was made from are closed.
 *
 * THREADS. Every function may be called from any thread at any time. Bundles, weights, pictures,
 * chunks, depth maps and reports are used by several threads at once; a policy and a depth estimator
 * do one thing at a time, and a second call meanwhile is refused with "handle.busy". A callback runs
 * on the thread of the call that it was given to, and it may call any function but close what that
 * call uses. It returns: no exception and no longjmp may leave it.
 *
 * FORK. A process that was forked after its parent had used the library has the parent's memory but
 * not its threads: every function there but dvla_abi_version and dvla_version is refused with
 * "process.forked". Fork before the first use, or start processes by exec. In a child that was forked
 * after the library was loaded and before its first use, calls of the thread that forked, and their
 * callbacks, run on a thread of the library.
 *
 * OWNERSHIP. What a caller passes is read during the call alone. The strings and shapes of a
 * description belong to the handle described and are valid until it is closed; other texts are
 * copied into memory of the caller.
 *
 * STRUCTURES begin with their size, by which later versions of the library recognise older callers:
 *     dvla_bundle_info info = {.struct_size = sizeof info};
 * A structure that is too small is refused with "structure.size". In options, zero and NULL mean the
 * default.
 *
 * TEXTS are UTF-8. A function that gives a text fills `buffer` with at most `capacity` bytes and
 * stores the text's length in `length`. There is no zero at the end. With `buffer` NULL only the
 * length is stored; a buffer that is too small is refused with "buffer.size" and `length` is stored.
 */
#ifndef DEPTHVLA_H
#define DEPTHVLA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. It grows when something is removed or changes its meaning;
 * additions leave it as it is. A program compares it with dvla_abi_version(). */
#define DVLA_ABI_VERSION 1

/* Exit statuses of the command. */
enum {
  DVLA_OK = 0,
  DVLA_CHECK_FAILED = 1,  /* a check failed: signature, parity */
  DVLA_USAGE = 64,        /* the call is wrong */
  DVLA_MALFORMED = 65,    /* input is malformed, damaged, or of another model */
  DVLA_NOT_FOUND = 66,    /* input does not exist */
  DVLA_UNAVAILABLE = 69,  /* memory, threads or file descriptors ran out */
  DVLA_CANNOT_CREATE = 73,
  DVLA_INPUT_OUTPUT = 74,
  DVLA_INTERRUPTED = 130  /* a callback asked to stop */
};

/* What went wrong. Texts end with a zero; one that does not fit is cut between two characters. */
typedef struct dvla_error {
  int32_t status;
  char code[60];       /* the rule that was broken, such as "bundle.chunk-hash" */
  char message[4096];  /* one line that names file, tensor and rule */
  char file[1024];     /* the file concerned; empty if there is none */
  char tensor[1032];   /* the tensor concerned; empty if there is none */
  char details[4096];  /* further problems found in the same pass, one on each line; the last line says
                        * how many did not fit */
} dvla_error;

typedef struct dvla_bundle_handle *dvla_bundle;
typedef struct dvla_weights_handle *dvla_weights;
typedef struct dvla_image_handle *dvla_image;
typedef struct dvla_policy_handle *dvla_policy;
typedef struct dvla_chunk_handle *dvla_chunk;
typedef struct dvla_depth_estimator_handle *dvla_depth_estimator;
typedef struct dvla_depth_map_handle *dvla_depth_map;
typedef struct dvla_report_handle *dvla_report;

/* Called now and then during long work with how much of it is done, in the unit that the function
 * states. Returns false to stop: the function then fails with DVLA_INTERRUPTED. */
typedef bool (*dvla_progress)(void *context, uint64_t done, uint64_t total);

/* The version of the library's interface: DVLA_ABI_VERSION when it was built. */
uint32_t dvla_abi_version(void);
/* The version of the library, such as "0.9.0". */
const char *dvla_version(void);

/* ---- Bundles ---- */

/* Which bundles are accepted. By default any that is sound. */
typedef struct dvla_open_options {
  size_t struct_size;
  /* Only bundles signed with one of these public keys are accepted, if there is one: the contents
   * of PEM files, and paths of PEM files. A list (not NULL) of no keys is refused. */
  const char *const *public_keys;
  size_t public_key_count;
  const char *const *public_key_files;
  size_t public_key_file_count;
  /* The signature file; by default the bundle's path and ".sig". */
  const char *signature_file;
  /* The oldest release that is accepted; it is part of the signature. */
  uint64_t minimum_release;
  /* Only bundles are accepted that passed a gate (depthvla gate) whose statement one of these public
   * keys signed, if there is one: the contents of PEM files, and paths of PEM files. They may be
   * others than those above. */
  const char *const *gate_keys;
  size_t gate_key_count;
  const char *const *gate_key_files;
  size_t gate_key_file_count;
  /* The gate's statement; by default the bundle's path and ".gate". */
  const char *gate_file;
  /* A budget, as JSON, than which that of the gate is no weaker; by default any. */
  const char *gate_budget_file;
  /* Compares SHA-256 instead of XXH3 whenever stored bytes are read; always so under a policy that
   * demands a signature or a gate. */
  bool checks_sha256;
  /* Uses tensors that are stored plain (convert --store) where they are in the mapped file. While the
   * bundle is open nothing may write to the file in place. */
  bool maps_file;
} dvla_open_options;

typedef struct dvla_bundle_info {
  size_t struct_size;
  const char *path;
  const char *family;   /* such as "depthvla" or "pi0" */
  const char *root;     /* the identity of the bundle: SHA-256 of its header, 64 hexadecimal digits */
  uint64_t byte_count;  /* of the file */
  size_t tensor_count;
  size_t asset_count;
  bool is_signed;       /* whether a trusted signature was demanded and verified */
  uint64_t release;     /* the release that was signed; 0 if there is none */
  bool is_gated;        /* whether a passed gate was demanded and its statement verified */
} dvla_bundle_info;

typedef struct dvla_tensor {
  size_t struct_size;
  const char *name;
  const char *dtype;    /* as safetensors names it: "BF16", "F32", "I8", … */
  const int64_t *shape; /* the extents, outermost first */
  size_t rank;
  uint64_t byte_count;  /* little-endian, row-major */
  /* Where the tensor is in memory if its bundle maps the file and it is stored plain; else NULL. Not
   * checked: dvla_bundle_read and dvla_weights_load check it if this is the target they are given.
   * Valid while the bundle is open. */
  const void *resident;
  /* Of weights: the index of an earlier tensor that the library keeps in the same memory (a tied head);
   * otherwise the tensor's own. */
  size_t tied_to;
} dvla_tensor;

/* A file that travels with the tensors. */
typedef struct dvla_asset {
  size_t struct_size;
  const char *name;       /* unique in the bundle, such as "paligemma.tokenizer.model" */
  const char *family;
  const char *file_name;
  const char *role;       /* such as "tokenizer" */
  const char *sha256;     /* 64 hexadecimal digits */
  uint64_t byte_count;
} dvla_asset;

/* Opens a bundle: its header is read and checked, and the signature and the gate if the options ask
 * for them. */
int32_t dvla_bundle_open(const char *path, const dvla_open_options *options, dvla_bundle *bundle,
                         dvla_error *error);
int32_t dvla_bundle_close(dvla_bundle bundle, dvla_error *error);
int32_t dvla_bundle_describe(dvla_bundle bundle, dvla_bundle_info *info, dvla_error *error);

/* A JSON document of the bundle: "configuration", "recipe", "provenance", "ledger", "quantization" (by
 * tensor, what quantization lost), "signature" or "gate" (null if none was demanded). */
int32_t dvla_bundle_document(dvla_bundle bundle, const char *name, char *buffer, size_t capacity,
                             size_t *length, dvla_error *error);

/* Tensors are numbered from 0 in the order of the file, in which the forward pass first needs them. */
int32_t dvla_bundle_tensor(dvla_bundle bundle, size_t index, dvla_tensor *tensor, dvla_error *error);
int32_t dvla_bundle_find(dvla_bundle bundle, const char *name, size_t *index, dvla_error *error);

/* Reads `byte_count` bytes of a tensor from `offset` on into `buffer`, decoded and checked, on that
 * many threads (0: one for each processor). With the tensor's resident address (plus offset) as
 * buffer nothing is copied, and the bytes are checked in place. */
int32_t dvla_bundle_read(dvla_bundle bundle, size_t index, uint64_t offset, void *buffer,
                         size_t byte_count, uint32_t threads, dvla_error *error);

/* Takes the bytes of one tensor, which are valid during the call. Returns false to stop. */
typedef bool (*dvla_tensor_callback)(void *context, size_t index, const dvla_tensor *tensor,
                                     const void *bytes, size_t byte_count);

/* Decodes and checks all tensors in the order of the file and hands them over one by one. Beside the
 * tensor that is handed over only some megabytes are in memory. */
int32_t dvla_bundle_load(dvla_bundle bundle, uint32_t threads, dvla_tensor_callback take, void *context,
                         dvla_error *error);

/* Assets are numbered from 0 in the order of their names. */
int32_t dvla_bundle_asset(dvla_bundle bundle, size_t index, dvla_asset *asset, dvla_error *error);
/* The whole asset, checked. `byte_count` must be its size. */
int32_t dvla_bundle_read_asset(dvla_bundle bundle, size_t index, void *buffer, size_t byte_count,
                               dvla_error *error);

/* Checks every byte of the file and that all values are finite. Progress is in bytes.
 * DVLA_MALFORMED: damaged; DVLA_CHECK_FAILED: intact, with a NaN or an infinity. */
int32_t dvla_bundle_verify(dvla_bundle bundle, uint32_t threads, dvla_progress progress, void *context,
                           dvla_error *error);

/* ---- Weights in the names of an upstream library ---- */

typedef struct dvla_weights_options {
  size_t struct_size;
  /* A naming of the family, such as "hub", "openpi" or "layout"; "source" is the one that the bundle
   * was made from. */
  const char *naming;
  /* The model to take out of a composite; by default the bundle's own family. */
  const char *family;
  /* The type of all float tensors: "F32", "BF16" or "F16"; by default that of the bundle, and for INT8
   * tensors the one that they were quantized from. */
  const char *dtype;
  /* Keeps INT8 values and their scales: as the bundle stores them under the naming "layout", else as the
   * upstream library reads them (compressed-tensors). "export.int8" if it reads none. */
  bool keeps_int8;
  /* Gives a tensor that the library keeps once under several names (a tied head) all of them, as in the
   * state dict of its class; by default those that its files have. See dvla_tensor.tied_to. */
  bool all_tied_names;
} dvla_weights_options;

typedef struct dvla_weights_info {
  size_t struct_size;
  const char *family;
  const char *naming;
  size_t tensor_count;
  uint64_t byte_count;        /* of all tensors */
  size_t int8_count;          /* tensors that stay INT8 */
  size_t dequantized_count;   /* INT8 tensors that become floats */
} dvla_weights_info;

/* Plans the tensors of a checkpoint as the upstream library names and shapes them. Nothing is read. */
int32_t dvla_weights_plan(dvla_bundle bundle, const dvla_weights_options *options,
                          dvla_weights *weights, dvla_error *error);
int32_t dvla_weights_close(dvla_weights weights, dvla_error *error);
int32_t dvla_weights_describe(dvla_weights weights, dvla_weights_info *info, dvla_error *error);
/* "config": the library's config.json (null if it has none); "notes": an array of sentences that whoever
 * loads the weights should know; "metadata": the safetensors metadata (null if there are none). */
int32_t dvla_weights_document(dvla_weights weights, const char *name, char *buffer, size_t capacity,
                              size_t *length, dvla_error *error);
int32_t dvla_weights_tensor(dvla_weights weights, size_t index, dvla_tensor *tensor, dvla_error *error);

/* Called on the thread of the load with the number of tensors that are complete, the first ones in
 * their order, and the bytes that are done. Returns false to stop. */
typedef bool (*dvla_weights_progress)(void *context, size_t complete, uint64_t done);

/* Fills one buffer for each tensor, in order, from the bundle: decoded, checked, and brought into shape
 * and type without another copy. A buffer that is NULL is passed over; its byte count must be 0. Others
 * must have the tensor's byte count. A tensor's resident address as its buffer means that it is checked
 * in place. `count` must be the number of tensors. */
int32_t dvla_weights_load(dvla_weights weights, void *const *buffers, const size_t *byte_counts,
                          size_t count, uint32_t threads, dvla_weights_progress progress, void *context,
                          dvla_error *error);

/* ---- Pictures ---- */

/* An RGB picture in memory of the caller: three bytes for each pixel. */
typedef struct dvla_picture {
  size_t struct_size;
  const uint8_t *rgb;   /* row by row */
  size_t height, width;
  size_t row_stride;    /* bytes from one row to the next; 0: rows without gaps */
  const char *name;     /* stands for the picture in dvla_chunk_document; may be NULL */
} dvla_picture;

/* Decodes a PNG or JPEG file in memory to RGB, turned upright as its EXIF says. */
int32_t dvla_image_decode(const void *file, size_t byte_count, dvla_image *image, dvla_error *error);
int32_t dvla_image_close(dvla_image image, dvla_error *error);
/* Describes the picture. `rgb` is valid until the image is closed. */
int32_t dvla_image_picture(dvla_image image, dvla_picture *picture, dvla_error *error);

/* ---- Policies: DepthVLA and pi0 ---- */

typedef struct dvla_policy_options {
  size_t struct_size;
  uint32_t threads;        /* 0: one for each processor */
  const char *products;    /* "exact" or "native"; by default as the bundle's precision suggests */
  bool without_depth;      /* leaves the depth expert out, of which nothing is read then */
  bool loads_first;        /* loads all weights now instead of behind the first forward pass */
} dvla_policy_options;

typedef struct dvla_policy_info {
  size_t struct_size;
  size_t horizon;          /* actions in a chunk */
  size_t model_action_width;
  size_t model_state_width;
  size_t token_limit;      /* tokens of a prompt */
  size_t steps;            /* Euler steps by default */
  bool has_depth;
} dvla_policy_info;

typedef struct dvla_observation {
  size_t struct_size;
  const dvla_picture *pictures;  /* one of each camera, in the order of training */
  size_t picture_count;
  const char *instruction;       /* UTF-8 */
  const double *state;           /* in the robot's units if the bundle has statistics */
  size_t state_count;
  /* [horizon, model_action_width]; NULL: drawn from `seed` */
  const float *noise;
  size_t noise_count;
  uint64_t seed;
  uint32_t steps;                /* 0: as configured */
  const char *mask;              /* "block" or "full"; by default as configured */
  bool without_depth_maps;       /* the depth expert runs, its maps are not computed */
} dvla_observation;

typedef struct dvla_chunk_info {
  size_t struct_size;
  size_t horizon;
  size_t action_width;           /* of the robot's actions */
  size_t model_action_width;
  size_t depth_count;            /* depth maps: one for each picture, or none */
  size_t token_count;
  bool is_in_robot_units;        /* whether statistics were applied */
  double prepare_seconds;
  double forward_seconds;
} dvla_chunk_info;

/* Makes a policy of a depthvla or pi0 bundle. */
int32_t dvla_policy_create(dvla_bundle bundle, const dvla_policy_options *options, dvla_policy *policy,
                           dvla_error *error);
/* Waits for what is still being unpacked. */
int32_t dvla_policy_close(dvla_policy policy, dvla_error *error);
int32_t dvla_policy_describe(dvla_policy policy, dvla_policy_info *info, dvla_error *error);
/* The tokens of the prompt with that instruction. `count` receives their number; "buffer.size" if
 * there are more than `capacity`. With `tokens` NULL only the number is stored. */
int32_t dvla_policy_tokens(dvla_policy policy, const char *instruction, int64_t *tokens,
                           size_t capacity, size_t *count, dvla_error *error);
/* The noise of a seed, the same on every machine: [horizon, model_action_width]. `count` must be their
 * product. */
int32_t dvla_policy_noise(dvla_policy policy, uint64_t seed, float *noise, size_t count,
                          dvla_error *error);
/* Computes actions and depth for an observation. Progress is in parts of the forward pass. */
int32_t dvla_policy_act(dvla_policy policy, const dvla_observation *observation, dvla_progress progress,
                        void *context, dvla_chunk *chunk, dvla_error *error);

int32_t dvla_chunk_close(dvla_chunk chunk, dvla_error *error);
int32_t dvla_chunk_describe(dvla_chunk chunk, dvla_chunk_info *info, dvla_error *error);
/* [horizon, action_width], in the robot's units if there were statistics. `count` must be their product. */
int32_t dvla_chunk_actions(dvla_chunk chunk, double *actions, size_t count, dvla_error *error);
/* [horizon, model_action_width], as the model computes them. `count` must be their product. */
int32_t dvla_chunk_model_actions(dvla_chunk chunk, float *actions, size_t count, dvla_error *error);
/* The JSON document that `depthvla run --actions` writes for the same inputs, byte for byte. */
int32_t dvla_chunk_document(dvla_chunk chunk, char *buffer, size_t capacity, size_t *length,
                            dvla_error *error);
/* The depth map of a picture. */
int32_t dvla_chunk_depth(dvla_chunk chunk, size_t picture, dvla_depth_map *map, dvla_error *error);

/* ---- Depth: Depth Anything V2 ---- */

typedef struct dvla_depth_options {
  size_t struct_size;
  uint32_t threads;       /* 0: one for each processor */
  const char *products;   /* "exact" or "native"; by default as the bundle's precision suggests */
  uint32_t input_size;    /* the side that pictures are scaled to; 0: as the bundle says */
} dvla_depth_options;

typedef struct dvla_depth_info {
  size_t struct_size;
  size_t height, width;           /* of the map and of the picture */
  size_t model_height, model_width; /* at which the model saw the picture */
  const char *meaning;            /* "relative": larger is nearer; "metres"; "unscaled": larger is further */
  double maximum_metres;          /* the furthest that a metric model sees; 0 for others */
  double steps_per_metre;         /* of the 16-bit values of metric depth; 0: least to greatest is stretched */
  float least, greatest;
} dvla_depth_info;

/* Makes an estimator of a depth-anything-v2 bundle. All its tensors are read. */
int32_t dvla_depth_estimator_create(dvla_bundle bundle, const dvla_depth_options *options,
                                    dvla_depth_estimator *estimator, dvla_error *error);
int32_t dvla_depth_estimator_close(dvla_depth_estimator estimator, dvla_error *error);
int32_t dvla_depth_estimate(dvla_depth_estimator estimator, const dvla_picture *picture,
                            dvla_depth_map *map, dvla_error *error);

int32_t dvla_depth_map_close(dvla_depth_map map, dvla_error *error);
int32_t dvla_depth_map_describe(dvla_depth_map map, dvla_depth_info *info, dvla_error *error);
/* [height, width]. `count` must be their product. */
int32_t dvla_depth_map_values(dvla_depth_map map, float *values, size_t count, dvla_error *error);
/* The 16-bit whole numbers of a depth PNG, [height, width]. `count` must be their product. */
int32_t dvla_depth_map_grey16(dvla_depth_map map, uint16_t *values, size_t count, dvla_error *error);
/* A file with the map, as `depthvla run` writes it: "png16" (--png16), "npy" (--raw) or "png" (-o, in
 * colours). */
int32_t dvla_depth_map_file(dvla_depth_map map, const char *format, void *buffer, size_t capacity,
                            size_t *length, dvla_error *error);

/* ---- Goldens and parity ---- */

typedef struct dvla_parity_options {
  size_t struct_size;
  uint32_t threads;               /* 0: one for each processor */
  const char *products;           /* "exact" or "native"; by default as the bundle's precision suggests */
  const char *tolerances;         /* a file; by default those built in */
  const char *precision_class;    /* "f32", "bf16" or "int8"; by default the bundle's own */
  const char *mask;               /* "block" or "full"; by default as each golden was recorded */
  bool without_depth;             /* for DepthVLA */
} dvla_parity_options;

/* Runs the bundle's model on the inputs of goldens (files, or folders of them) and compares every
 * recorded stage. Progress is in recorded bytes. Where the check itself worked, the report is made and
 * must be closed: DVLA_OK if all stages are within tolerance, else DVLA_CHECK_FAILED with the code
 * "parity.exceeded". */
int32_t dvla_parity_check(dvla_bundle bundle, const char *const *goldens, size_t golden_count,
                          const dvla_parity_options *options, dvla_progress progress, void *context,
                          dvla_report *report, dvla_error *error);
int32_t dvla_report_close(dvla_report report, dvla_error *error);
/* The JSON document of `depthvla parity --json`. */
int32_t dvla_report_document(dvla_report report, char *buffer, size_t capacity, size_t *length,
                             dvla_error *error);

/* Writes a golden: the inputs of another, and every stage that the bundle's model computes from them.
 * `stages` is a pattern as in recipes; NULL: all stages. An existing file is replaced only if
 * `overwrites`. Of the options, tolerances and precision_class are not used. */
int32_t dvla_golden_record(dvla_bundle bundle, const char *inputs, const char *output, const char *stages,
                           bool overwrites, const dvla_parity_options *options, dvla_error *error);

#ifdef __cplusplus
}
#endif

#endif
