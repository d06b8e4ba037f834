#pragma once

#include "control_reload.hpp"
#include "reloader.hpp"

#include <boost/asio/io_context.hpp>

namespace relay::app {

/// `relay reload`, `plan` and `confirm`, as far as they reach the daemon (docs/control.md).
class reload_commands final : public reload_handler {
 public:
  /// All of them outlive it; `on` is the loop of the main thread.
  reload_commands(boost::asio::io_context& on, forward::server& over, reloader& by) noexcept
      : loop_(on), server_(over), reloader_(by) {}

  std::uint64_t generation() const override { return reloader_.generation(); }
  void reload(const ops::control_arguments& with, answer reply) override;
  void plan(const ops::control_arguments& with, answer reply) override;
  void confirm(const ops::control_arguments& with, answer reply) override;

 private:
  boost::asio::io_context& loop_;
  forward::server& server_;
  reloader& reloader_;
};

}  // namespace relay::app
