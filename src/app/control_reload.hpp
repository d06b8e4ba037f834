#pragma once

#include <relay/ops/control_socket.hpp>

namespace relay::app {

/// What `relay reload`, `plan` and `confirm` do in the daemon. Called on the main thread; the reply
/// may come much later. The arguments are those of docs/control.md. A result is a JSON object; its
/// `text` is for people.
class reload_handler {
 public:
  using answer = ops::control_handler::answer;

  virtual ~reload_handler() = default;

  /// How many configurations this process has had.
  virtual std::uint64_t generation() const = 0;
  virtual void reload(const ops::control_arguments& with, answer reply) = 0;
  virtual void plan(const ops::control_arguments& with, answer reply) = 0;
  virtual void confirm(const ops::control_arguments& with, answer reply) = 0;
};

}  // namespace relay::app
