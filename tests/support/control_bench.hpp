#pragma once

#include "support/scratch_directory.hpp"
#include "support/sockets.hpp"

#include <relay/base/log.hpp>
#include <relay/ops/control_socket.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace relay::test {

/// Answers `echo` with its arguments, and keeps whoever says `hold` waiting.
class scripted_handler final : public ops::control_handler {
 public:
  void handle(const ops::control_request& what, const ops::control_caller& who,
              answer reply) override {
    const std::lock_guard lock(mutex);
    last = who;
    ++asked;
    if (what.command == "hold" || what.command == "hold long") {
      held.push_back(std::move(reply));
    } else if (what.command == "much") {
      reply('"' + std::string(8'000'000, 'x') + '"');
    } else {
      reply('"' + what.command + '"');
    }
  }
  bool takes_long(const ops::control_request& what) const override {
    return what.command == "hold long";
  }
  std::size_t holding() {
    const std::lock_guard lock(mutex);
    return held.size();
  }

  std::mutex mutex;
  std::vector<answer> held;
  ops::control_caller last;
  std::size_t asked = 0;
};

/// A control socket on a thread of its own.
class control_bench {
 public:
  explicit control_bench(ops::control_limits limits = {})
      : socket(loop, handler, log.target("relay"), limits) {
    auto made = ops::control_listener::open(path);
    if (const auto* why = std::get_if<std::string>(&made)) ADD_FAILURE() << *why;
    socket.start(std::move(std::get<ops::control_listener>(made)));
    thread = std::thread([this] { loop.run(); });
  }
  ~control_bench() { stop(); }

  void stop() {
    if (!thread.joinable()) return;
    boost::asio::post(loop, [this] { socket.stop(); });
    thread.join();
  }
  unique_fd connect() const {
    auto made = ops::connect_control(path, true);
    EXPECT_TRUE(made);
    return made;
  }
  /// One whole question and its answer.
  std::string ask(const std::string& line) const {
    const auto fd = connect();
    send_all(fd.get(), line);
    return read_to_end(fd.get());
  }

  scratch_directory folder;
  std::string path = folder.path() + "/control.sock";
  logs log{logs::level::warn, folder.path() + "/log"};
  scripted_handler handler;
  boost::asio::io_context loop{1};
  ops::control_socket socket;
  std::thread thread;
};

}  // namespace relay::test
