#ifndef CMESSAGEPACK_H
#define CMESSAGEPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What we need of msgpack-cxx, which is C++: its parser, which builds nothing, and its packer. No
// exception leaves these functions.

/// What the parser finds.
enum message_pack_kind {
  message_pack_nil,
  message_pack_boolean,
  message_pack_unsigned,
  message_pack_signed,
  message_pack_number,
  message_pack_text,
  message_pack_bytes,
  message_pack_extension,
  message_pack_list,
  message_pack_map,
  /// The end of a list or map.
  message_pack_end,
};

struct message_pack_event {
  enum message_pack_kind kind;
  /// Bytes of a text, of bytes or of an extension; elements of a list, pairs of a map.
  uint32_t count;
  /// An integer without sign, or a boolean.
  uint64_t unsigned_value;
  /// An integer below 0.
  int64_t signed_value;
  double number;
  /// Where a text or bytes are in the message; of no meaning if they are empty.
  size_t offset;
};

/// Takes what is found, in the order of the message; false ends the parse.
typedef bool (*message_pack_receiver)(void *context, const struct message_pack_event *event);

enum message_pack_result {
  /// A value; `end` says where.
  message_pack_complete,
  /// The message ends inside a value, or is empty.
  message_pack_incomplete,
  /// A byte that begins no value.
  message_pack_malformed,
  /// The receiver ended it.
  message_pack_stopped,
  /// An exception.
  message_pack_failed,
};

/// What an exception said, ended by a zero byte.
struct message_pack_failure {
  char message[256];
};

/// Reads one value. A list or map is announced before anything of it is read, and takes no memory
/// but one small entry while it is open; the receiver bounds how many are.
enum message_pack_result message_pack_parse(
    const uint8_t *bytes, size_t count, message_pack_receiver receiver, void *context,
    size_t *end, struct message_pack_failure *failure);

/// The most bytes that the functions below write.
#define MESSAGE_PACK_HEAD_LIMIT 9

// Each writes a value, or what stands before the content of one, in the fewest bytes, and returns
// how many.

size_t message_pack_head_nil(uint8_t *head);
size_t message_pack_head_boolean(uint8_t *head, bool value);
size_t message_pack_head_unsigned(uint8_t *head, uint64_t value);
size_t message_pack_head_signed(uint8_t *head, int64_t value);
size_t message_pack_head_number(uint8_t *head, double value);
size_t message_pack_head_text(uint8_t *head, uint32_t byte_count);
size_t message_pack_head_bytes(uint8_t *head, uint32_t byte_count);
size_t message_pack_head_list(uint8_t *head, uint32_t count);
size_t message_pack_head_map(uint8_t *head, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif
