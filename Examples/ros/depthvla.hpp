// The part of depthvla.h that a policy needs, as C++17: handles that close themselves, errors as exceptions.
#pragma once

#include <depthvla.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace depthvla {

// What a function of the library refused, and why.
class Error : public std::runtime_error {
 public:
  explicit Error(const dvla_error& error)
      : std::runtime_error(error.message), status(error.status), code(error.code), file(error.file),
        tensor(error.tensor) {}

  const int32_t status;
  const std::string code, file, tensor;
};

// Calls `body(&error)`, which returns a status.
template <typename Body>
void call(Body&& body) {
  dvla_error error;
  if (body(&error) != DVLA_OK) throw Error(error);
}

// Owns a handle.
template <typename Handle, int32_t (*close)(Handle, dvla_error*)>
class Owner {
 public:
  Owner() = default;
  explicit Owner(Handle handle) : handle_(handle) {}
  Owner(Owner&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owner& operator=(Owner&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owner() {
    if (handle_) close(handle_, nullptr);
  }

  Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};

// A text that a function writes by `write(buffer, capacity, &length, &error)`.
template <typename Write>
std::string text(Write&& write) {
  size_t length = 0;
  call([&](dvla_error* error) { return write(nullptr, 0, &length, error); });
  std::string text(length, '\0');
  call([&](dvla_error* error) { return write(text.data(), length, &length, error); });
  return text;
}

// Which bundles are accepted: those signed with one of the keys or, where there is none, any.
struct Trust {
  std::vector<std::string> key_files;
  uint64_t minimum_release = 0;
};

class Bundle {
 public:
  explicit Bundle(const std::string& path, const Trust& trust = {}, bool maps_file = false) {
    std::vector<const char*> keys;
    for (const std::string& file : trust.key_files) keys.push_back(file.c_str());
    dvla_open_options options = {};
    options.struct_size = sizeof options;
    options.public_key_files = keys.empty() ? nullptr : keys.data();
    options.public_key_file_count = keys.size();
    options.minimum_release = trust.minimum_release;
    options.maps_file = maps_file;
    dvla_bundle bundle = nullptr;
    call([&](dvla_error* error) { return dvla_bundle_open(path.c_str(), &options, &bundle, error); });
    owner_ = Owner<dvla_bundle, dvla_bundle_close>(bundle);
  }

  dvla_bundle handle() const { return owner_.get(); }

  dvla_bundle_info info() const {
    dvla_bundle_info info = {};
    info.struct_size = sizeof info;
    call([&](dvla_error* error) { return dvla_bundle_describe(handle(), &info, error); });
    return info;
  }

  std::string document(const char* name) const {
    return text([&](char* buffer, size_t capacity, size_t* length, dvla_error* error) {
      return dvla_bundle_document(handle(), name, buffer, capacity, length, error);
    });
  }

 private:
  Owner<dvla_bundle, dvla_bundle_close> owner_;
};

// A PNG or JPEG file, decoded.
class Image {
 public:
  Image(const void* file, size_t byte_count) {
    dvla_image image = nullptr;
    call([&](dvla_error* error) { return dvla_image_decode(file, byte_count, &image, error); });
    owner_ = Owner<dvla_image, dvla_image_close>(image);
  }

  // Its pixels are there as long as the image.
  dvla_picture picture() const {
    dvla_picture picture = {};
    picture.struct_size = sizeof picture;
    call([&](dvla_error* error) { return dvla_image_picture(owner_.get(), &picture, error); });
    return picture;
  }

 private:
  Owner<dvla_image, dvla_image_close> owner_;
};

class Chunk {
 public:
  explicit Chunk(dvla_chunk chunk) : owner_(chunk) {}

  dvla_chunk_info info() const {
    dvla_chunk_info info = {};
    info.struct_size = sizeof info;
    call([&](dvla_error* error) { return dvla_chunk_describe(owner_.get(), &info, error); });
    return info;
  }

  // Row by row, one row for each step in time.
  std::vector<double> actions() const {
    const dvla_chunk_info info = this->info();
    std::vector<double> actions(info.horizon * info.action_width);
    call([&](dvla_error* error) {
      return dvla_chunk_actions(owner_.get(), actions.data(), actions.size(), error);
    });
    return actions;
  }

  std::string document() const {
    return text([&](char* buffer, size_t capacity, size_t* length, dvla_error* error) {
      return dvla_chunk_document(owner_.get(), buffer, capacity, length, error);
    });
  }

 private:
  Owner<dvla_chunk, dvla_chunk_close> owner_;
};

class Policy {
 public:
  // Takes how many parts of the forward pass are done. Returns false to stop it.
  using Progress = std::function<bool(uint64_t done, uint64_t total)>;

  explicit Policy(const Bundle& bundle, dvla_policy_options options = {}) {
    options.struct_size = sizeof options;
    dvla_policy policy = nullptr;
    call([&](dvla_error* error) {
      return dvla_policy_create(bundle.handle(), &options, &policy, error);
    });
    owner_ = Owner<dvla_policy, dvla_policy_close>(policy);
  }

  dvla_policy_info info() const {
    dvla_policy_info info = {};
    info.struct_size = sizeof info;
    call([&](dvla_error* error) { return dvla_policy_describe(owner_.get(), &info, error); });
    return info;
  }

  Chunk act(dvla_observation observation, const Progress& progress = nullptr) {
    observation.struct_size = sizeof observation;
    Running running{progress, nullptr};
    dvla_chunk chunk = nullptr;
    dvla_error error;
    const int32_t status = dvla_policy_act(owner_.get(), &observation, progress ? &Running::go_on : nullptr,
                                           &running, &chunk, &error);
    if (running.thrown) std::rethrow_exception(running.thrown);
    if (status != DVLA_OK) throw Error(error);
    return Chunk(chunk);
  }

 private:
  // An exception may not leave a callback of C: it stops the call and goes on behind it.
  struct Running {
    const Progress& progress;
    std::exception_ptr thrown;

    static bool go_on(void* context, uint64_t done, uint64_t total) {
      Running& running = *static_cast<Running*>(context);
      try {
        return running.progress(done, total);
      } catch (...) {
        running.thrown = std::current_exception();
        return false;
      }
    }
  };

  Owner<dvla_policy, dvla_policy_close> owner_;
};

}  // namespace depthvla
