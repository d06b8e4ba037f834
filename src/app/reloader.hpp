#pragma once

#include <relay/base/code.hpp>
#include <relay/base/log.hpp>
#include <relay/config/load.hpp>
#include <relay/config/plan.hpp>
#include <relay/forward/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/fwd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace relay::app {

/// Why nothing was changed.
struct reload_failure {
  code what = code::internal;
  std::string message;  ///< with its place in the configuration, as `check` tells it
};

/// What came of a reload.
struct reload_answer {
  std::vector<reload_failure> failures;  ///< empty: the configuration is in force
  std::vector<std::string> warnings;
  std::string plan;       ///< what has changed, a line each; empty with failures
  std::string plan_json;  ///< the same
  std::uint64_t generation = 0;
};

/// Reads the configuration again and puts it in force, on the main thread; what may take its time –
/// files, names, listeners – is done on a thread of its own, one reload after the other. Endpoints
/// whose listeners could not be had are tried again meanwhile.
class reloader {
 public:
  /// Reads it from where it came from, or another file or folder; throws config::config_error. On
  /// any thread.
  using reader = std::function<config::loaded(const std::optional<std::string>& path)>;
  using told = std::function<void(const reload_answer&)>;

  reloader(boost::asio::io_context& on, forward::server& running, logs& log, reader read);
  ~reloader();

  /// Called after each change, on the main thread: others follow the settings, too.
  void on_applied(std::function<void()> follow) { follow_ = std::move(follow); }
  /// Once the workers run.
  void start();
  /// `confirm_within`: it goes back by itself unless `confirm` is called in time. `answered` is
  /// called once, when all workers go by the new configuration, or it is known why not. What came
  /// of it is told to the log in any case.
  void reload(std::optional<std::chrono::milliseconds> confirm_within = {}, told answered = {});
  /// What a reload would change, from another file or folder if one is named; nothing is changed,
  /// nor are listeners opened. `live`: how many sessions each endpoint has now.
  reload_answer plan(const std::optional<std::string>& path, const config::session_counts& live);
  /// The listeners at that device are to be opened again, as soon as they can be.
  void device_changed(const std::string& device);
  /// False: nothing waits for it.
  bool confirm();
  /// How many configurations have been in force; 1: the first.
  std::uint64_t generation() const noexcept { return generation_; }
  /// Whether something is being read or prepared, which may take as long as a name server.
  bool is_busy() const noexcept { return busy_; }
  /// From now on nothing is begun: the process ends.
  void stop();

 private:
  using outcome = std::variant<std::unique_ptr<forward::change>, reload_answer>;
  enum class purpose : std::uint8_t { reload, go_back, listen };

  struct request {
    purpose what = purpose::reload;
    std::optional<std::chrono::milliseconds> confirm_within;
    told answered;
    std::shared_ptr<log_output> log_to;  // where that changes
  };

  using source = std::function<config::loaded()>;
  void begin(request made, source from);
  outcome attempt(request& of, const source& from);
  void prepared(const std::shared_ptr<request>& of, outcome made);
  void in_force(const std::shared_ptr<request>& of, reload_answer answer);
  void refuse(const request& of, reload_answer why);
  void tell(const request& of, const reload_answer& answer);
  void await_confirmation(std::chrono::milliseconds limit);
  void go_back();
  void await_retry();
  void retry();
  void settle();

  boost::asio::io_context& loop_;
  forward::server& server_;
  logs& logs_;
  spdlog::logger& log_;
  reader read_;
  std::function<void()> follow_;
  std::thread thread_;  // while something is prepared
  bool busy_ = false;
  bool stopped_ = false;
  bool again_ = false;  // somebody has asked meanwhile, and does not wait for an answer
  std::uint64_t generation_ = 1;
  std::optional<config::settings> before_;  // to go back to
  boost::asio::steady_timer confirmation_;
  boost::asio::steady_timer retry_;
  std::chrono::milliseconds pause_;
};

}  // namespace relay::app
