#pragma once

#include <relay/forward/hook.hpp>

#include <spdlog/fwd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace relay::forward {

/// What a hook is asked about one connection. Asked without `packet` it says how many bytes it
/// needs, and if that is none, its decision as well; asked again with those bytes, its decision.
/// Whoever asks leaves it alone until it is answered.
struct hook_question {
  std::int32_t max_index = 0;
  std::string packet;
  std::optional<std::uint32_t> needs;
  std::optional<std::int32_t> index;
  std::atomic<bool> dropped{false};  ///< nobody waits for the answer any more
};

/// The one thread on which a hook is called, so that no worker ever waits in a library. One call
/// after the other, in the order in which they were asked for: a hook that hangs keeps all those
/// who come after it waiting, and nobody else.
class hook_thread {
 public:
  using clock = std::chrono::steady_clock;
  /// The log tells of a call that has not returned for so long.
  static constexpr std::chrono::seconds patience{10};
  /// How long the end of the process waits for a call that is under way.
  static constexpr std::chrono::seconds farewell{1};

  /// Throws std::system_error when there can be no thread.
  hook_thread(const hook& functions, spdlog::logger& log);
  ~hook_thread();
  hook_thread(const hook_thread&) = delete;
  hook_thread& operator=(const hook_thread&) = delete;

  /// From any thread. `answered` is called on the hook's thread, and must not wait for anything;
  /// not if the question was dropped before its turn, nor after `stop`.
  void ask(std::shared_ptr<hook_question> what, std::function<void()> answered);
  /// Writes a line if a call has lasted for `patience`, once for each call.
  void tell_if_stuck(clock::time_point now);
  /// Nobody is answered from here on. False: a call does not return, and its thread had to be left
  /// behind; the process must then end without tidying up, since the library is in use.
  bool stop();

 private:
  struct state;

  std::shared_ptr<state> state_;  // also the thread's, which may have to be left behind
  std::thread thread_;
  bool left_behind_ = false;
};

}  // namespace relay::forward
