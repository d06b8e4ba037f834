#pragma once

#include "control_reload.hpp"
#include "control_reports.hpp"

#include <relay/config/config.hpp>
#include <relay/ops/control_listener.hpp>
#include <relay/ops/control_socket.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace relay {
class logs;
}
namespace relay::forward {
class server;
}

namespace relay::app {

/// What the commands for a running relay do: asks the server, on the main thread, and answers when
/// it has.
class control_service final : private ops::control_handler {
 public:
  /// What the process says of itself beside what its server knows.
  struct surroundings {
    std::function<bool()> is_draining;
    std::function<std::size_t()> stalled_workers;
    std::function<std::vector<failed_endpoint>()> failed;
  };

  /// `on` is the loop of the main thread; all of them outlive it.
  control_service(boost::asio::io_context& on, forward::server& over, logs& log,
                  reload_handler& reloads, surroundings around);

  void start(ops::control_listener from) { socket_.start(std::move(from)); }
  void stop() { socket_.stop(); }

 private:
  using request = ops::control_request;

  void handle(const request& what, const ops::control_caller& who, answer reply) override;
  bool takes_long(const request& what) const override;

  void status(const request& what, const answer& reply);
  void sessions(const request& what, const answer& reply);
  void kill(const request& what, const answer& reply);
  void drain(const request& what, const answer& reply);
  void log_level(const request& what, const answer& reply);
  void reload(const request& what, const answer& reply);
  void plan(const request& what, const answer& reply);
  void confirm(const request& what, const answer& reply);
  process_report process() const;

  /// From a worker: makes the texts where nobody waits for them.
  template <class Work>
  void later(Work work);

  struct row;
  static std::span<const row> commands();

  boost::asio::io_context& loop_;
  forward::server& server_;
  logs& logs_;
  reload_handler& reloads_;
  surroundings around_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  ops::control_socket socket_;
};

}  // namespace relay::app
