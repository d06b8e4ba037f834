#pragma once

#include <relay/base/cidr.hpp>
#include <relay/base/parsed.hpp>
#include <relay/forward/session_line.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::forward {

/// A session or an association that goes on, as an operator sees it.
struct session_info {
  std::uint64_t id = 0;
  bool is_association = false;
  bool is_open = false;  ///< its remote is connected; else it is on the way there
  client_name client;
  std::string listen;    ///< the very port of a range
  std::string endpoint;  ///< its name; empty: it has none
  std::string remote;
  std::chrono::milliseconds age{0};
  std::uint64_t up_bytes = 0;
  std::uint64_t down_bytes = 0;
  std::uint64_t up_datagrams = 0;  ///< of an association
  std::uint64_t down_datagrams = 0;
  bool client_tls = false;
  bool remote_tls = false;
};

/// Which of them somebody asks for; what is not given matches all.
struct session_filter {
  std::optional<std::uint64_t> id;
  std::optional<bool> is_association;
  std::optional<bool> tls;     ///< on either side
  std::optional<cidr> client;  ///< a block of addresses, or one
  std::optional<std::uint16_t> client_port;
  std::string listen;  ///< a part of the text
  std::string remote;  ///< likewise
  std::chrono::milliseconds older{0};

  bool matches(const session_info& what) const;
};

/// `client=10.0.0.0/8 kind=tcp older=5m`: words with blanks or commas in between, of which all have
/// to hold.
parsed<session_filter> read_session_filter(std::string_view text);

/// The oldest of those that match.
struct session_list {
  std::vector<session_info> sessions;  ///< by their number
  std::uint64_t matching = 0;          ///< may be more than are listed
};

}  // namespace relay::forward
