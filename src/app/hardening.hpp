#pragma once

#include <relay/config/config.hpp>
#include <relay/config/load.hpp>
#include <relay/ops/privileges.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace relay::app {

/// What the configuration says of the process itself and is wrong on this machine: an unknown
/// `user`, a kernel without a part of the sandbox.
std::vector<config::problem> hardening_problems(const config::settings& what);

/// `user`, `group`, `sandbox` and `core_dumps`, each at its moment of the start. What cannot be
/// done ends the start: half a wall is none.
class hardening {
 public:
  /// Before anything secret is read. Throws config_error when `user` cannot be become.
  /// `configuration`: the file or folder that was read, empty when there is none.
  /// `control`: the control socket, empty when there is none; its folder exists.
  hardening(const config::settings& what, std::filesystem::path configuration,
            std::filesystem::path control);

  /// Before the log is opened and any thread is started: Landlock knows threads singly.
  void before_threads();
  /// Once all listeners are bound: the user changes, and the calls are restricted. Warnings about
  /// what the new user cannot do go to `log` and stderr.
  void after_binding(spdlog::logger& log);

 private:
  void hand_over_log() const;
  void warn_about_files(spdlog::logger& log) const;

  const config::settings& settings_;
  std::filesystem::path configuration_;
  std::filesystem::path control_;
  std::optional<ops::identity> user_;  ///< nothing: it stays who it is
  bool makes_log_ = false;             ///< the log's file is not there yet
};

}  // namespace relay::app
