#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What goes over the control socket: one line of JSON in, one line of JSON out (docs/control.md).
namespace relay::ops {

/// Versions of the protocol that this program speaks.
inline constexpr int oldest_control_version = 1;
inline constexpr int control_version = 1;

/// The longest request, its end of line included.
inline constexpr std::size_t longest_request = 64 * 1024;

/// What a command may be told: a name and a text. Sorted, so that a line is made one way only.
using control_arguments = std::map<std::string, std::string, std::less<>>;

struct control_request {
  int version = control_version;
  std::string command;
  control_arguments arguments{};
  friend bool operator==(const control_request&, const control_request&) = default;
};

/// Why something was not done. Programs look at the code, which never changes its meaning; people
/// read the message.
struct control_error {
  std::string code;  ///< `RLY-…`: one of `control_codes`, or of `relay::code` after a reload
  std::string message;
  friend bool operator==(const control_error&, const control_error&) = default;
};

/// What has come of a request: a JSON text, or why there is none.
using control_reply = std::variant<std::string, control_error>;

/// The codes of the socket and its commands; those of a reload are in base/code.hpp.
struct control_code {
  std::string_view name;
  std::string_view meaning;
};
namespace control_codes {
inline constexpr control_code bad_request{"RLY-BAD-REQUEST", "the line is no request"};
inline constexpr control_code too_long{"RLY-TOO-LONG", "the line has more than 64 KiB"};
inline constexpr control_code version{"RLY-VERSION", "the daemon does not speak this version"};
inline constexpr control_code unknown_command{"RLY-UNKNOWN-COMMAND", "there is no such command"};
inline constexpr control_code bad_argument{"RLY-BAD-ARGUMENT",
                                           "an argument is missing, unknown or makes no sense"};
inline constexpr control_code not_found{"RLY-NOT-FOUND", "there is no such session or endpoint"};
inline constexpr control_code forbidden{"RLY-FORBIDDEN",
                                        "the caller is neither root nor the "
                                        "daemon's own user"};
inline constexpr control_code too_many{"RLY-TOO-MANY",
                                       "too many callers wait for an answer already"};
inline constexpr control_code ending{"RLY-ENDING", "the daemon is about to end"};
inline constexpr control_code failed{"RLY-FAILED", "it was tried and did not succeed"};

inline constexpr control_code all[]{bad_request, too_long,  version,  unknown_command, bad_argument,
                                    not_found,   forbidden, too_many, ending,          failed};
}  // namespace control_codes

inline control_error refusal(const control_code& code, std::string message) {
  return {std::string(code.name), std::move(message)};
}

/// Understands a line, with or without its end. Keys that nobody knows are passed over, so that
/// newer callers are understood as far as they go; another version is not.
std::variant<control_request, control_error> read_request(std::string_view line);
/// The line of a request, its end included.
std::string write_request(const control_request& what);

/// The line of a reply, its end included. A JSON text of several lines becomes one.
std::string write_reply(const control_reply& what);
/// What a daemon has answered; an answer that makes no sense is an error, too.
control_reply read_reply(std::string_view line);

}  // namespace relay::ops
