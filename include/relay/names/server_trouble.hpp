#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace relay::names {

/// What a name server has made of a question, as far as it is about the server and not the name.
struct server_report {
  enum class kind : std::uint8_t {
    answered,  ///< it lives, whatever it said of the name
    silent,    ///< no answer came in time
    failed,    ///< the network, or the server, did not take the question: `ec` says why
    refused,   ///< it answers that it does not serve us (REFUSED)
  };
  ip_endpoint server;
  kind what = kind::answered;
  error_code ec;
};

/// Which name servers are in trouble, and when to say so: at the first question that one leaves
/// unanswered, and when it answers again. A server that comes and goes is told of once in a window.
/// Pure: time is an argument, the caller locks.
class server_trouble {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds window{60};

  /// A line for the log, or nothing. `servers`: how many are asked in all.
  std::optional<std::string> line_for(const server_report& what, std::size_t servers,
                                      time_point now);

 private:
  struct state {
    bool is_told = false;  ///< the log says that it is in trouble
    time_point since;      ///< then: when that began
    time_point told_at;
  };

  std::optional<std::string> begins(const server_report& what, std::size_t servers, time_point now);
  std::optional<std::string> ends(const ip_endpoint& server, time_point now);

  std::map<ip_endpoint, state> known_;  // none that has never been in trouble
};

}  // namespace relay::names
