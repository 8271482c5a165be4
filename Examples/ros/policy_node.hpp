// A node that turns pictures, joint states and an instruction into chunks of actions.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "depthvla.hpp"
#include "middleware.hpp"

struct PolicyNodeOptions {
  std::string bundle;
  depthvla::Trust trust;
  // A robot runs what somebody signed. Only an experiment does otherwise, and says so.
  bool accepts_unsigned = false;
  // The topics of the cameras, in the order of training.
  std::vector<std::string> cameras = {"camera/image_raw"};
  // How often a chunk is begun, at most.
  std::chrono::milliseconds period{100};
  // An observation of which a part is older is not acted on.
  std::chrono::milliseconds maximum_age{500};
  // Chunk after chunk has a seed of its own, counted from here.
  uint64_t seed = 0;
  uint32_t threads = 0;
};

class PolicyNode {
 public:
  // Opens the bundle and makes the policy; subscribes and publishes on `node`.
  //
  // Throws depthvla::Error, and std::invalid_argument where no key is given and unsigned bundles are not accepted.
  PolicyNode(middleware::Node& node, PolicyNodeOptions options);
  // Stops a forward pass between two of its parts.
  ~PolicyNode();

  PolicyNode(const PolicyNode&) = delete;
  PolicyNode& operator=(const PolicyNode&) = delete;

 private:
  template <typename Message>
  struct Latest {
    std::shared_ptr<const Message> message;
    middleware::Clock::time_point at;
  };
  struct Observation {
    std::vector<std::shared_ptr<const middleware::Image>> pictures;
    std::shared_ptr<const middleware::JointState> state;
    std::shared_ptr<const middleware::String> instruction;
  };

  static const PolicyNodeOptions& checked(const PolicyNodeOptions& options);
  void take_picture(size_t camera, std::shared_ptr<const middleware::Image> picture);
  void begin_chunk();
  void infer();
  middleware::Actions act(const Observation& observation);

  middleware::Node& node_;
  const PolicyNodeOptions options_;
  depthvla::Bundle bundle_;
  depthvla::Policy policy_;
  middleware::Publisher<middleware::Actions> publisher_;

  // Of the thread that spins.
  std::vector<Latest<middleware::Image>> pictures_;
  Latest<middleware::JointState> state_;
  std::shared_ptr<const middleware::String> instruction_;
  bool has_news_ = false;

  // Of the thread that infers.
  uint64_t chunk_count_ = 0;

  // Shared. A new observation takes the place of one that has not been begun.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Observation> next_;
  bool is_stopping_ = false;

  std::thread thread_;
};
