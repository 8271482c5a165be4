// Stands in for rclcpp, so that the node builds and runs without ROS: the few messages and functions that it
// uses, under the names and with the behaviour that they have there. See README.md for what to put in its place.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace middleware {

using Clock = std::chrono::steady_clock;

// sensor_msgs/msg/Image
struct Image {
  uint32_t height = 0, width = 0;
  std::string encoding;  // "rgb8" or "bgr8"
  uint32_t step = 0;     // bytes of a row, gaps included
  std::vector<uint8_t> data;
};

// sensor_msgs/msg/JointState
struct JointState {
  std::vector<double> position;
};

// std_msgs/msg/String
struct String {
  std::string data;
};

// std_msgs/msg/Float64MultiArray
struct Actions {
  size_t horizon = 0, width = 0;
  std::vector<double> data;  // row by row
};

// What is to be called, in order, on the one thread that spins, and the timers of that thread.
class Executor {
 public:
  void post(std::function<void()> task) {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    woken_.notify_one();
  }

  void add_timer(std::chrono::milliseconds period, std::function<void()> callback) {
    std::lock_guard lock(mutex_);
    timers_.push_back({Clock::now() + period, period, std::move(callback)});
  }

  void shutdown() {
    {
      std::lock_guard lock(mutex_);
      ok_ = false;
    }
    woken_.notify_all();
  }

  // Until shutdown.
  void spin() {
    std::unique_lock lock(mutex_);
    while (ok_) {
      if (!tasks_.empty()) {
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
        continue;
      }
      auto next = Clock::now() + std::chrono::seconds(1);
      std::function<void()> due;
      for (Timer& timer : timers_) {
        if (timer.at <= Clock::now()) {
          timer.at += timer.period;
          due = timer.callback;
          break;
        }
        next = std::min(next, timer.at);
      }
      if (due) {
        lock.unlock();
        due();
        lock.lock();
      } else {
        woken_.wait_until(lock, next);
      }
    }
  }

 private:
  struct Timer {
    Clock::time_point at;
    std::chrono::milliseconds period;
    std::function<void()> callback;
  };
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> tasks_;
  std::vector<Timer> timers_;
  bool ok_ = true;
};

template <typename Message>
class Topic {
 public:
  using Callback = std::function<void(std::shared_ptr<const Message>)>;

  explicit Topic(Executor& executor) : executor_(executor) {}

  void subscribe(Callback callback) { callbacks_.push_back(std::move(callback)); }

  // From any thread; the callbacks are called on the one that spins.
  void publish(Message message) {
    auto shared = std::make_shared<const Message>(std::move(message));
    for (const Callback& callback : callbacks_) executor_.post([callback, shared] { callback(shared); });
  }

 private:
  Executor& executor_;
  std::vector<Callback> callbacks_;
};

template <typename Message>
using Publisher = std::shared_ptr<Topic<Message>>;

// All topics of the process. Subscribe before anything spins.
class Node {
 public:
  explicit Node(std::string name, Executor& executor) : name_(std::move(name)), executor_(executor) {}

  template <typename Message>
  Publisher<Message> create_publisher(const std::string& topic) {
    return find<Message>(topic);
  }

  template <typename Message>
  void create_subscription(const std::string& topic, typename Topic<Message>::Callback callback) {
    find<Message>(topic)->subscribe(std::move(callback));
  }

  void create_wall_timer(std::chrono::milliseconds period, std::function<void()> callback) {
    executor_.add_timer(period, std::move(callback));
  }

  // RCLCPP_INFO and RCLCPP_ERROR
  void info(const std::string& text) const { std::fprintf(stderr, "[%s] %s\n", name_.c_str(), text.c_str()); }
  void error(const std::string& text) const {
    std::fprintf(stderr, "[%s] error: %s\n", name_.c_str(), text.c_str());
  }

 private:
  template <typename Message>
  Publisher<Message> find(const std::string& name) {
    auto& topic = topics_[name];
    if (!topic) topic = std::make_shared<Topic<Message>>(executor_);
    return std::static_pointer_cast<Topic<Message>>(topic);
  }

  std::string name_;
  Executor& executor_;
  std::unordered_map<std::string, std::shared_ptr<void>> topics_;
};

}  // namespace middleware
