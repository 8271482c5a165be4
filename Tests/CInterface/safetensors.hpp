// Reads safetensors files, without any code of the library under test.
#pragma once

#include <cctype>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace safetensors {

struct Tensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// The header: names of tensors with three members each, and texts in __metadata__.
class Parser {
 public:
  Parser(const char* text, size_t length) : at_(text), end_(text + length) {}

  void expect(char character) {
    if (!take(character)) throw std::runtime_error(std::string("expected ") + character);
  }
  bool take(char character) {
    while (at_ < end_ && std::isspace(static_cast<unsigned char>(*at_))) at_++;
    if (at_ == end_ || *at_ != character) return false;
    at_++;
    return true;
  }
  // Names of tensors have no escapes; those of metadata are passed over.
  std::string string() {
    expect('"');
    std::string text;
    while (at_ < end_ && *at_ != '"') {
      if (*at_ == '\\') text += *at_++;
      text += *at_++;
    }
    expect('"');
    return text;
  }
  std::vector<int64_t> numbers() {
    std::vector<int64_t> numbers;
    expect('[');
    while (!take(']')) {
      numbers.push_back(std::stoll(std::string(at_, 20)));
      while (at_ < end_ && (std::isdigit(static_cast<unsigned char>(*at_)))) at_++;
      take(',');
    }
    return numbers;
  }

 private:
  const char *at_, *end_;
};

// Adds the tensors of a file.
inline void read(const std::string& path, std::map<std::string, Tensor>& tensors) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  bytes.resize(bytes.size() + 32);
  const char* body = bytes.data() + 8 + length;
  Parser parser(bytes.data() + 8, length);
  parser.expect('{');
  while (!parser.take('}')) {
    const std::string name = parser.string();
    parser.expect(':');
    parser.expect('{');
    Tensor tensor;
    while (!parser.take('}')) {
      const std::string key = parser.string();
      parser.expect(':');
      if (name == "__metadata__") {
        parser.string();
      } else if (key == "dtype") {
        tensor.dtype = parser.string();
      } else {
        const std::vector<int64_t> numbers = parser.numbers();
        if (key == "shape") tensor.shape = numbers;
        if (key == "data_offsets") tensor.bytes.assign(body + numbers.at(0), body + numbers.at(1));
      }
      parser.take(',');
    }
    if (name != "__metadata__") tensors[name] = std::move(tensor);
    parser.take(',');
  }
}

}  // namespace safetensors
