#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>
#include <relay/forward/end_reason.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace relay::forward {

/// Whom a line of ours is about.
struct client_name {
  ip_endpoint client;              ///< the source that a PROXY header told, if one did
  std::optional<ip_endpoint> via;  ///< then: who sent the header, and is connected here

  std::string to_string() const;  ///< `1.2.3.4:5`, or `1.2.3.4:5 via 10.0.0.1:6`
};

/// What took how long until a session's bytes flowed; both from the start of dialling.
struct session_times {
  using tenths = std::chrono::duration<std::int64_t, std::ratio<1, 10000>>;  ///< of a millisecond

  std::optional<tenths> connect;        ///< until the stream to the remote stood
  std::optional<tenths> first_byte;     ///< until the remote's first byte had been passed on
  std::chrono::milliseconds waited{0};  ///< for a place below `max_connections`
  bool is_warm = false;                 ///< the connection to the remote was there before
};

/// How a session or an association ended, for its line.
struct session_summary {
  std::uint64_t id = 0;
  client_name client;
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::chrono::milliseconds lasted{0};
  end_reason end = end_reason::count_;
  error_code error;
  bool has_lost = false;    ///< bytes that had been sent
  bool is_visitor = false;  ///< handed over to the web server
  session_times times{};
  std::string detail{};  ///< says more than `error`
};

/// From where to where it went; of a range, the very ports.
struct path_text {
  std::string listen;
  std::string name;  ///< the endpoint's; empty: it has none
  std::string remote;

  std::string to_string() const;  ///< ` listen=… name=… remote=…`
};

/// `session done id=42 client=… listen=… remote=… …`, in the order of docs/operations.md.
std::string session_line(const session_summary& of, const path_text& path);
std::string association_line(const session_summary& of, const path_text& path,
                             std::uint64_t up_datagrams, std::uint64_t down_datagrams);

}  // namespace relay::forward
