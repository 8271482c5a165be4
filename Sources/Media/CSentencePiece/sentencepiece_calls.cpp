#include "CSentencePiece.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <sentencepiece_processor.h>
#include <string>
#include <string_view>
#include <vector>

using sentencepiece::SentencePieceProcessor;

struct sentencepiece_model {
  SentencePieceProcessor processor;
};

namespace {

void report(sentencepiece_failure *failure, const char *message) {
  const size_t count = std::min(std::strlen(message), sizeof failure->message - 1);
  std::memcpy(failure->message, message, count);
  failure->message[count] = 0;
}

// What a status says: one of SentencePiece's own or, from release 0.2.2 on, of Abseil's.
template <typename Status>
auto message_of(const Status &status, int) -> decltype(std::string(status.error_message())) {
  return std::string(status.error_message());
}
template <typename Status> std::string message_of(const Status &status, long) {
  return std::string(status.message());
}

// Runs `body`; an exception becomes a message, and the result is then `otherwise`.
template <typename Result, typename Body>
Result contained(sentencepiece_failure *failure, Result otherwise, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception &error) {
    report(failure, error.what());
  } catch (...) {
    report(failure, "an exception of no known type");
  }
  return otherwise;
}

}  // namespace

sentencepiece_model *sentencepiece_load(
    const uint8_t *bytes, size_t count, sentencepiece_failure *failure) {
  return contained<sentencepiece_model *>(failure, nullptr, [&]() -> sentencepiece_model * {
    auto model = std::make_unique<sentencepiece_model>();
    const auto status = model->processor.LoadFromSerializedProto(
        std::string_view(reinterpret_cast<const char *>(bytes), count));
    if (!status.ok()) {
      report(failure, message_of(status, 0).c_str());
      return nullptr;
    }
    return model.release();
  });
}

void sentencepiece_free(sentencepiece_model *model) { delete model; }

ptrdiff_t sentencepiece_encode(
    const sentencepiece_model *model, const char *text, size_t count, int32_t *ids,
    size_t capacity, sentencepiece_failure *failure) {
  return contained<ptrdiff_t>(failure, -1, [&]() -> ptrdiff_t {
    std::vector<int> found;
    const auto status = model->processor.Encode(std::string_view(text, count), &found);
    if (!status.ok()) {
      report(failure, message_of(status, 0).c_str());
      return -1;
    }
    if (found.size() > capacity) {
      report(failure, "more tokens than bytes of text");
      return -1;
    }
    std::copy(found.begin(), found.end(), ids);
    return static_cast<ptrdiff_t>(found.size());
  });
}
