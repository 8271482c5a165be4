// From release 4 on the library asks for Boost unless it is told not to.
#define MSGPACK_NO_BOOST

#include "CMessagePack.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <msgpack.hpp>

namespace {

// Hands on what the parser finds.
class visitor : public msgpack::null_visitor {
public:
  visitor(const char *message, message_pack_receiver receiver, void *context)
      : message_(message), receiver_(receiver), context_(context) {}

  bool visit_nil() { return send(message_pack_nil); }
  bool visit_boolean(bool value) {
    event_.unsigned_value = value;
    return send(message_pack_boolean);
  }
  bool visit_positive_integer(uint64_t value) {
    event_.unsigned_value = value;
    return send(message_pack_unsigned);
  }
  bool visit_negative_integer(int64_t value) {
    // So the library also calls an int 8 to 64 that is not negative.
    if (value >= 0) return visit_positive_integer(static_cast<uint64_t>(value));
    event_.signed_value = value;
    return send(message_pack_signed);
  }
  bool visit_float32(float value) { return visit_float64(value); }
  bool visit_float64(double value) {
    event_.number = value;
    return send(message_pack_number);
  }
  bool visit_str(const char *content, uint32_t count) {
    return send(message_pack_text, count, content);
  }
  bool visit_bin(const char *content, uint32_t count) {
    return send(message_pack_bytes, count, content);
  }
  bool visit_ext(const char *, uint32_t count) {
    // The library counts the byte of the type.
    return send(message_pack_extension, count - 1);
  }
  bool start_array(uint32_t count) { return send(message_pack_list, count); }
  bool end_array() { return send(message_pack_end); }
  bool start_map(uint32_t count) { return send(message_pack_map, count); }
  bool end_map() { return send(message_pack_end); }

  void parse_error(size_t, size_t) { result_ = message_pack_malformed; }
  void insufficient_bytes(size_t, size_t) { result_ = message_pack_incomplete; }

  message_pack_result result() const { return result_; }

private:
  bool send(message_pack_kind kind, uint32_t count = 0, const char *content = nullptr) {
    event_.kind = kind;
    event_.count = count;
    event_.offset = count > 0 && content ? static_cast<size_t>(content - message_) : 0;
    if (receiver_(context_, &event_)) return true;
    result_ = message_pack_stopped;
    return false;
  }

  const char *message_;
  message_pack_receiver receiver_;
  void *context_;
  message_pack_event event_ = {};
  message_pack_result result_ = message_pack_complete;
};

void report(message_pack_failure *failure, const char *message) {
  const size_t count = std::min(std::strlen(message), sizeof failure->message - 1);
  std::memcpy(failure->message, message, count);
  failure->message[count] = 0;
}

// What the packer writes to.
class head {
public:
  explicit head(uint8_t *bytes) : bytes_(bytes) {}

  void write(const char *bytes, size_t count) {
    std::memcpy(bytes_ + count_, bytes, count);
    count_ += count;
  }
  size_t count() const { return count_; }

private:
  uint8_t *bytes_;
  size_t count_ = 0;
};

template <typename Body> size_t written(uint8_t *bytes, Body body) noexcept {
  head head(bytes);
  msgpack::packer<class head> packer(head);
  body(packer);
  return head.count();
}

}  // namespace

message_pack_result message_pack_parse(
    const uint8_t *bytes, size_t count, message_pack_receiver receiver, void *context,
    size_t *end, message_pack_failure *failure) {
  try {
    const char *message = reinterpret_cast<const char *>(bytes);
    visitor visitor(message, receiver, context);
    *end = 0;
    msgpack::parse(message, count, *end, visitor);
    return visitor.result();
  } catch (const std::exception &error) {
    report(failure, error.what());
  } catch (...) {
    report(failure, "an exception of no known type");
  }
  return message_pack_failed;
}

size_t message_pack_head_nil(uint8_t *head) {
  return written(head, [](auto &packer) { packer.pack_nil(); });
}

size_t message_pack_head_boolean(uint8_t *head, bool value) {
  return written(head, [=](auto &packer) { value ? packer.pack_true() : packer.pack_false(); });
}

size_t message_pack_head_unsigned(uint8_t *head, uint64_t value) {
  return written(head, [=](auto &packer) { packer.pack_uint64(value); });
}

size_t message_pack_head_signed(uint8_t *head, int64_t value) {
  return written(head, [=](auto &packer) { packer.pack_int64(value); });
}

size_t message_pack_head_number(uint8_t *head, double value) {
  // The packer writes 1.0 as the integer 1, and -0.0 as 0.
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  head[0] = 0xcb;
  for (int index = 0; index < 8; index++) head[1 + index] = uint8_t(bits >> (56 - 8 * index));
  return 9;
}

size_t message_pack_head_text(uint8_t *head, uint32_t byte_count) {
  return written(head, [=](auto &packer) { packer.pack_str(byte_count); });
}

size_t message_pack_head_bytes(uint8_t *head, uint32_t byte_count) {
  return written(head, [=](auto &packer) { packer.pack_bin(byte_count); });
}

size_t message_pack_head_list(uint8_t *head, uint32_t count) {
  return written(head, [=](auto &packer) { packer.pack_array(count); });
}

size_t message_pack_head_map(uint8_t *head, uint32_t count) {
  return written(head, [=](auto &packer) { packer.pack_map(count); });
}
