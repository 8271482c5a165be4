// The interface in C++, through the wrappers of Examples/ros: weights against what `depthvla export` wrote,
// pictures against what Pillow decodes, and exceptions.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "depthvla.hpp"
#include "safetensors.hpp"
#include "test.h"

namespace fs = std::filesystem;

#define CXX_TEST(name)                                                                             \
  static void body_of_##name();                                                                    \
  TEST(name) {                                                                                     \
    try {                                                                                          \
      body_of_##name();                                                                            \
    } catch (const std::exception& error) {                                                        \
      CHECK_TEXT(error.what(), "no exception");                                                    \
    }                                                                                              \
  }                                                                                                \
  static void body_of_##name()

namespace {

using Weights = depthvla::Owner<dvla_weights, dvla_weights_close>;

dvla_tensor tensor_of(const Weights& weights, size_t index) {
  dvla_tensor tensor = {};
  tensor.struct_size = sizeof tensor;
  depthvla::call([&](dvla_error* error) {
    return dvla_weights_tensor(weights.get(), index, &tensor, error);
  });
  return tensor;
}

// Compares the weights of a bundle with what the command exported to the folder; "-" stands for the default.
void compare(const std::string& bundle_name, const std::string& naming, const std::string& family,
             const std::string& dtype, bool keeps_int8, const std::string& folder) {
  std::map<std::string, safetensors::Tensor> exported;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors"
        && entry.path().filename().string().rfind("model", 0) == 0) {
      safetensors::read(entry.path(), exported);
    }
  }
  CHECK(exported.size() > 20);
  const depthvla::Bundle bundle(fixture(bundle_name.c_str()));
  dvla_weights_options options = {};
  options.struct_size = sizeof options;
  options.naming = naming.c_str();
  options.family = family == "-" ? nullptr : family.c_str();
  options.dtype = dtype == "-" ? nullptr : dtype.c_str();
  options.keeps_int8 = keeps_int8;
  dvla_weights handle = nullptr;
  depthvla::call([&](dvla_error* error) {
    return dvla_weights_plan(bundle.handle(), &options, &handle, error);
  });
  const Weights weights(handle);
  dvla_weights_info info = {};
  info.struct_size = sizeof info;
  depthvla::call([&](dvla_error* error) { return dvla_weights_describe(weights.get(), &info, error); });
  std::vector<std::vector<uint8_t>> memory;
  std::vector<void*> buffers;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < info.tensor_count; i++) {
    sizes.push_back(tensor_of(weights, i).byte_count);
    memory.emplace_back(sizes.back(), uint8_t{0xEE});
    buffers.push_back(memory.back().data());
  }
  depthvla::call([&](dvla_error* error) {
    return dvla_weights_load(weights.get(), buffers.data(), sizes.data(), sizes.size(), 2, nullptr, nullptr,
                             error);
  });
  std::set<std::string> names;
  for (size_t i = 0; i < info.tensor_count; i++) {
    const dvla_tensor tensor = tensor_of(weights, i);
    names.insert(tensor.name);
    // A tied tensor is in the file once.
    const auto found = exported.find(tensor.name);
    if (found == exported.end()) {
      CHECK_TEXT(tensor.name, tensor.tied_to != i ? tensor.name : "in the exported folder");
      continue;
    }
    const safetensors::Tensor& expected = found->second;
    CHECK_TEXT(tensor.dtype, expected.dtype.c_str());
    CHECK(std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank) == expected.shape);
    if (!CHECK(memory[i] == expected.bytes)) CHECK_TEXT(tensor.name, "the exported bytes");
  }
  CHECK_EQUAL(names.size(), info.tensor_count);
  for (const auto& entry : exported) {
    if (!names.count(entry.first)) CHECK_TEXT(entry.first.c_str(), "planned");
  }
}

}  // namespace

CXX_TEST(weights_are_those_that_the_command_exports) {
  std::ifstream list(fixture("exports.txt"));
  std::string bundle, naming, family, dtype, int8, folder;
  int count = 0;
  while (list >> bundle >> naming >> family >> dtype >> int8 >> folder) {
    count++;
    compare(bundle, naming, family, dtype, int8 == "int8", fixture(folder.c_str()));
  }
  CHECK(count >= 40);
}

CXX_TEST(pictures_are_those_that_pillow_decodes) {
  std::map<std::string, safetensors::Tensor> expected;
  safetensors::read(fixture("goldens/images.safetensors"), expected);
  CHECK_EQUAL(expected.size(), 70);
  for (const auto& [name, pixels] : expected) {
    size_t size = 0;
    uint8_t* file = read_file(fixture(("images/" + name).c_str()), &size);
    const depthvla::Image image(file, size);
    free(file);
    const dvla_picture picture = image.picture();
    CHECK_EQUAL(picture.height, pixels.shape.at(0));
    CHECK_EQUAL(picture.width, pixels.shape.at(1));
    if (!CHECK(pixels.bytes.size() == 3 * picture.height * picture.width
               && std::equal(pixels.bytes.begin(), pixels.bytes.end(), picture.rgb))) {
      CHECK_TEXT(name.c_str(), "as Pillow decodes it");
    }
  }
}

CXX_TEST(errors_are_exceptions) {
  try {
    depthvla::Bundle bundle(fixture("nothing"));
    CHECK(!"opened");
  } catch (const depthvla::Error& error) {
    CHECK_EQUAL(error.status, DVLA_NOT_FOUND);
    CHECK_TEXT(error.code.c_str(), "file.not-found");
    CHECK_TEXT(error.file.c_str(), fixture("nothing"));
  }
  try {
    depthvla::Bundle bundle(fixture("robot.dvla.safetensors"), {{fixture("release.pub.pem")}, 8});
    CHECK(!"opened");
  } catch (const depthvla::Error& error) {
    CHECK_EQUAL(error.status, DVLA_CHECK_FAILED);
  }
}

CXX_TEST(an_exception_in_a_callback_stops_the_call_and_goes_on_behind_it) {
  depthvla::Policy policy(depthvla::Bundle(fixture("robot.dvla.safetensors")));
  test_observation seen;
  make_observation(&seen);
  bool caught = false;
  try {
    policy.act(seen.observation, [](uint64_t done, uint64_t) -> bool {
      if (done == 5) throw std::logic_error("enough");
      return true;
    });
  } catch (const std::logic_error& error) {
    caught = true;
    CHECK_TEXT(error.what(), "enough");
  }
  CHECK(caught);
  // The policy is free again.
  CHECK_EQUAL(policy.act(seen.observation).actions().size(), 40);
}

CXX_TEST(wrappers_own_what_they_hold) {
  std::vector<depthvla::Bundle> bundles;
  for (int i = 0; i < 4; i++) bundles.emplace_back(fixture("dinov2.dvla.safetensors"));
  depthvla::Bundle moved = std::move(bundles[0]);
  bundles.clear();
  CHECK_TEXT(moved.info().family, "dinov2");
  const dvla_bundle handle = moved.handle();
  moved = depthvla::Bundle(fixture("depth.dvla.safetensors"));
  CHECK_TEXT(moved.info().family, "depth-anything-v2");
  dvla_bundle_info info = {};
  info.struct_size = sizeof info;
  CHECK_EQUAL(dvla_bundle_describe(handle, &info, nullptr), DVLA_USAGE);
  CHECK(moved.document("configuration").front() == '{');
}
