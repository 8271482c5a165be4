#include "policy_node.hpp"

#include <stdexcept>
#include <utility>

const PolicyNodeOptions& PolicyNode::checked(const PolicyNodeOptions& options) {
  if (options.trust.key_files.empty() && !options.accepts_unsigned) {
    throw std::invalid_argument("no public key is given, and unsigned bundles are not accepted");
  }
  return options;
}

PolicyNode::PolicyNode(middleware::Node& node, PolicyNodeOptions options)
    : node_(node), options_(checked(options)), bundle_(options_.bundle, options_.trust),
      policy_(bundle_,
              [&] {
                dvla_policy_options policy = {};
                policy.threads = options_.threads;
                // The first observation does not wait for weights.
                policy.loads_first = true;
                return policy;
              }()),
      publisher_(node.create_publisher<middleware::Actions>("actions")),
      pictures_(options_.cameras.size()) {
  const dvla_bundle_info info = bundle_.info();
  node_.info(std::string(info.family) + " bundle, root " + info.root
             + (info.is_signed ? ", signed as release " + std::to_string(info.release) : ", unsigned"));
  for (size_t camera = 0; camera < options_.cameras.size(); camera++) {
    node_.create_subscription<middleware::Image>(
        options_.cameras[camera], [this, camera](std::shared_ptr<const middleware::Image> picture) {
          take_picture(camera, std::move(picture));
        });
  }
  node_.create_subscription<middleware::JointState>(
      "joint_states", [this](std::shared_ptr<const middleware::JointState> state) {
        state_ = {std::move(state), middleware::Clock::now()};
        has_news_ = true;
      });
  node_.create_subscription<middleware::String>(
      "instruction", [this](std::shared_ptr<const middleware::String> instruction) {
        instruction_ = std::move(instruction);
        has_news_ = true;
      });
  node_.create_wall_timer(options_.period, [this] { begin_chunk(); });
  thread_ = std::thread([this] { infer(); });
}

PolicyNode::~PolicyNode() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PolicyNode::take_picture(size_t camera, std::shared_ptr<const middleware::Image> picture) {
  const bool is_rgb = picture->encoding == "rgb8";
  const size_t row = 3 * static_cast<size_t>(picture->width);
  if ((!is_rgb && picture->encoding != "bgr8") || picture->step < row || picture->height == 0
      || picture->data.size() < picture->step * static_cast<size_t>(picture->height - 1) + row) {
    node_.error("a picture of " + options_.cameras[camera] + " is passed over: expected rgb8 or bgr8 and all rows, found "
                + picture->encoding);
    return;
  }
  if (!is_rgb) {
    auto turned = std::make_shared<middleware::Image>(*picture);
    for (size_t y = 0; y < turned->height; y++) {
      uint8_t* pixels = turned->data.data() + y * turned->step;
      for (size_t x = 0; x < row; x += 3) std::swap(pixels[x], pixels[x + 2]);
    }
    turned->encoding = "rgb8";
    picture = std::move(turned);
  }
  pictures_[camera] = {std::move(picture), middleware::Clock::now()};
  has_news_ = true;
}

// On the thread that spins: it never waits for a forward pass.
void PolicyNode::begin_chunk() {
  if (!has_news_ || !state_.message || !instruction_) return;
  const auto oldest = middleware::Clock::now() - options_.maximum_age;
  if (state_.at < oldest) return;
  Observation observation{{}, state_.message, instruction_};
  for (const auto& picture : pictures_) {
    if (!picture.message || picture.at < oldest) return;
    observation.pictures.push_back(picture.message);
  }
  has_news_ = false;
  {
    std::lock_guard lock(mutex_);
    next_ = std::move(observation);
  }
  changed_.notify_all();
}

void PolicyNode::infer() {
  while (true) {
    Observation observation;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || next_; });
      if (is_stopping_) return;
      observation = std::move(*next_);
      next_.reset();
    }
    try {
      publisher_->publish(act(observation));
    } catch (const depthvla::Error& error) {
      if (error.status == DVLA_INTERRUPTED) return;
      // The robot gets no actions, and whoever reads the log knows why.
      node_.error(error.code + ": " + error.what());
    }
  }
}

middleware::Actions PolicyNode::act(const Observation& observation) {
  std::vector<dvla_picture> pictures;
  for (size_t camera = 0; camera < observation.pictures.size(); camera++) {
    const middleware::Image& image = *observation.pictures[camera];
    dvla_picture picture = {};
    picture.struct_size = sizeof picture;
    picture.rgb = image.data.data();
    picture.height = image.height;
    picture.width = image.width;
    picture.row_stride = image.step;
    picture.name = options_.cameras[camera].c_str();
    pictures.push_back(picture);
  }
  dvla_observation given = {};
  given.pictures = pictures.data();
  given.picture_count = pictures.size();
  given.instruction = observation.instruction->data.c_str();
  given.state = observation.state->position.data();
  given.state_count = observation.state->position.size();
  given.seed = options_.seed + chunk_count_++;
  given.without_depth_maps = true;
  const depthvla::Chunk chunk = policy_.act(given, [this](uint64_t, uint64_t) {
    std::lock_guard lock(mutex_);
    return !is_stopping_;
  });
  const dvla_chunk_info info = chunk.info();
  return {info.horizon, info.action_width, chunk.actions()};
}
