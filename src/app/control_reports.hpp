#pragma once

#include <relay/forward/sessions.hpp>
#include <relay/forward/totals.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What the control socket tells, as JSON texts; docs/control.md has every key.
namespace relay::app {

/// The process, as `relay status` shows it.
struct process_report {
  bool is_draining = false;
  std::uint64_t generation = 1;
  std::chrono::milliseconds uptime{0};
  std::size_t open_descriptors = 0;
  std::size_t most_descriptors = 0;
  std::uint64_t memory = 0;          ///< resident bytes
  std::vector<std::uint32_t> loads;  ///< sessions of each worker
  std::size_t stalled_workers = 0;
  std::string log_level;
};

/// An endpoint that does not listen.
struct failed_endpoint {
  std::string name;
  std::string listen;
  std::string remote;
  std::string error;
};

std::string status_report(const process_report& process,
                          const std::vector<forward::endpoint_totals>& listening,
                          const std::vector<failed_endpoint>& failed);
std::string sessions_report(const forward::session_list& all);
/// A sentence for people, and nothing else.
std::string text_report(const std::string& text);

/// Resident memory of this process; 0: it cannot be known.
std::uint64_t resident_bytes();

}  // namespace relay::app
