#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace spdlog {
class logger;
}

namespace relay::app {

/// Tells of system calls that the sandbox has refused, each once. Does nothing without a sandbox.
class refusals {
 public:
  refusals(boost::asio::io_context& loop, spdlog::logger& log);
  ~refusals() { stop(); }
  refusals(const refusals&) = delete;
  refusals& operator=(const refusals&) = delete;

  void stop();

 private:
  void await();
  void tell();

  boost::asio::posix::stream_descriptor event_;  ///< borrowed
  spdlog::logger& log_;
};

}  // namespace relay::app
