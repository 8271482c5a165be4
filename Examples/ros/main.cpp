// Runs the node on a picture that is played again and again, in place of a robot. Each chunk is a line of
// numbers on standard output.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "policy_node.hpp"

namespace {

constexpr const char* usage =
    "usage: policy_node BUNDLE [--public-key FILE]... [--minimum-release N] [--accept-unsigned]\n"
    "         --image FILE... --state NUMBER,NUMBER,... --instruction TEXT [--chunks N]\n"
    "Without --chunks it goes on until it is interrupted.";

volatile std::sig_atomic_t interrupted = 0;

struct Arguments {
  PolicyNodeOptions options;
  std::vector<std::string> images;
  std::vector<double> state;
  std::string instruction;
  int chunks = 0;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; i++) {
    const std::string word = values[i];
    if (word == "--accept-unsigned") {
      arguments.options.accepts_unsigned = true;
    } else if (word.rfind("--", 0) != 0) {
      arguments.options.bundle = word;
    } else if (++i == count) {
      throw std::invalid_argument(word + " needs a value");
    } else if (word == "--public-key") {
      arguments.options.trust.key_files.push_back(values[i]);
    } else if (word == "--minimum-release") {
      arguments.options.trust.minimum_release = std::stoull(values[i]);
    } else if (word == "--image") {
      arguments.images.push_back(values[i]);
    } else if (word == "--state") {
      std::istringstream numbers(values[i]);
      for (std::string number; std::getline(numbers, number, ',');) {
        arguments.state.push_back(std::stod(number));
      }
    } else if (word == "--instruction") {
      arguments.instruction = values[i];
    } else if (word == "--chunks") {
      arguments.chunks = std::stoi(values[i]);
    } else {
      throw std::invalid_argument("unknown option " + word);
    }
  }
  if (arguments.options.bundle.empty() || arguments.images.empty()) throw std::invalid_argument(usage);
  return arguments;
}

middleware::Image read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::invalid_argument("cannot read " + path);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const depthvla::Image image(bytes.data(), bytes.size());
  const dvla_picture picture = image.picture();
  middleware::Image message;
  message.height = static_cast<uint32_t>(picture.height);
  message.width = static_cast<uint32_t>(picture.width);
  message.encoding = "bgr8";
  // As cameras do, with rows that begin at multiples of 64 bytes.
  message.step = (3 * message.width + 63) / 64 * 64;
  message.data.resize(static_cast<size_t>(message.step) * message.height);
  for (size_t y = 0; y < picture.height; y++) {
    for (size_t x = 0; x < 3 * picture.width; x++) {
      const size_t from = 3 * picture.width * y + (x - x % 3) + (2 - x % 3);
      message.data[message.step * y + x] = picture.rgb[from];
    }
  }
  return message;
}

int run(const Arguments& given) {
  middleware::Executor executor;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  middleware::Node node("policy", executor);
  PolicyNodeOptions options = given.options;
  options.cameras.clear();
  std::vector<middleware::Publisher<middleware::Image>> cameras;
  std::vector<middleware::Image> pictures;
  for (const std::string& path : given.images) {
    options.cameras.push_back("camera" + std::to_string(cameras.size()) + "/image_raw");
    cameras.push_back(node.create_publisher<middleware::Image>(options.cameras.back()));
    pictures.push_back(read(path));
  }
  auto joints = node.create_publisher<middleware::JointState>("joint_states");
  auto instruction = node.create_publisher<middleware::String>("instruction");
  int left = given.chunks;
  node.create_subscription<middleware::Actions>(
      "actions", [&](std::shared_ptr<const middleware::Actions> actions) {
        if (given.chunks > 0 && left == 0) return;
        for (size_t i = 0; i < actions->data.size(); i++) {
          std::printf("%s%.17g", i ? " " : "", actions->data[i]);
        }
        std::printf("\n");
        std::fflush(stdout);
        if (--left == 0) executor.shutdown();
      });
  options.period = std::chrono::milliseconds(10);
  PolicyNode policy(node, options);
  node.create_wall_timer(std::chrono::milliseconds(5), [&] {
    if (interrupted) executor.shutdown();
    for (size_t i = 0; i < cameras.size(); i++) cameras[i]->publish(pictures[i]);
    joints->publish({given.state});
  });
  instruction->publish({given.instruction});
  executor.spin();
  return interrupted ? 130 : 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(parse(count, values));
  } catch (const depthvla::Error& error) {
    std::fprintf(stderr, "policy_node: %s: %s\n", error.code.c_str(), error.what());
    return error.status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "policy_node: %s\n", error.what());
    return 64;
  }
}
