#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

/// The command line of RTunnel (spec 1): `TARGET LISTEN` for a server, `URL LOCAL` or `URL
/// stdio://` for a client, options anywhere between them. What the reference takes is taken, and
/// means the same; the options that it does not have are ours.
namespace relay::wire {

enum class rtunnel_role : std::uint8_t { server, client, stdio };

/// A command line, understood. Addresses are whole, `host:port`; the URL begins with `ws` or `wss`.
struct rtunnel_command {
  rtunnel_role role = rtunnel_role::server;
  std::string target;  ///< of a server: what it dials
  std::string listen;  ///< of a server; of a client that is not on stdio: where it listens
  std::string url;     ///< of a client
  bool secure = false;
  bool debug = false;
  bool quiet = false;  ///< no banner and no lines; wins over `debug`
  std::optional<std::string> cert, key, ca, pin, compat, secret, secret_file;
  friend bool operator==(const rtunnel_command&, const rtunnel_command&) = default;
};

/// Why there is nothing to run.
struct rtunnel_refusal {
  int exit_code = 1;      ///< 0: only the usage was asked for
  std::string message{};  ///< empty: none
  bool shows_usage = true;
  friend bool operator==(const rtunnel_refusal&, const rtunnel_refusal&) = default;
};

/// `words` are those behind the program's name.
std::variant<rtunnel_command, rtunnel_refusal> read_rtunnel_command(
    std::span<const std::string> words);

/// An option, for the usage and for completions.
struct rtunnel_option {
  std::string_view name;   ///< without dashes
  char letter;             ///< 0: none
  std::string_view value;  ///< what stands for the value in the usage; empty: a switch
  std::string_view help;
};
std::span<const rtunnel_option> rtunnel_options();

/// `called` is what stands in front of the words: `rtunnel`, or `relay rtunnel`.
std::string rtunnel_usage(std::string_view called);

}  // namespace relay::wire
