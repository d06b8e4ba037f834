#include <relay/base/host_port.hpp>
#include <relay/base/words.hpp>
#include <relay/base/ws_url.hpp>
#include <relay/wire/rtunnel_command_line.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace relay::wire {
namespace {

using text = std::optional<std::string>;

/// An option and the member that it sets.
struct option_row {
  rtunnel_option shown;
  bool rtunnel_command::*flag = nullptr;
  text rtunnel_command::*value = nullptr;
};

using command = rtunnel_command;
constexpr option_row rows[]{
    {{"cert", 0, "FILE", "server: certificate chain (PEM); with --key it serves TLS"},
     nullptr,
     &command::cert},
    {{"key", 0, "FILE", "server: private key of it (PEM)"}, nullptr, &command::key},
    {{"secure", 's', "", "client: verify the server's certificate; server: insist on TLS"},
     &command::secure,
     nullptr},
    {{"ca", 0, "FILE", "client: verify it by these authorities alone"}, nullptr, &command::ca},
    {{"pin", 0, "SHA256", "client: accept the certificate of this fingerprint alone"},
     nullptr,
     &command::pin},
    {{"compat", 0, "g1|g2|auto", "which generation of rtunnel is at the far end"},
     nullptr,
     &command::compat},
    {{"secret", 0, "TEXT", "shared with the far end, which must prove that it knows it"},
     nullptr,
     &command::secret},
    {{"secret-file", 0, "FILE", "the same, from the first line of a file"},
     nullptr,
     &command::secret_file},
    {{"debug", 'd', "", "log errors and every step"}, &command::debug, nullptr},
    {{"quiet", 'q', "", "log nothing, and print no banner"}, &command::quiet, nullptr},
    {{"help", 'h', "", "show this help"}, nullptr, nullptr},
};

constexpr auto options = [] {
  std::array<rtunnel_option, std::size(rows)> made{};
  std::ranges::transform(rows, made.begin(), &option_row::shown);
  return made;
}();

/// Thrown and caught in this file only: the first thing that makes no sense ends the reading.
struct refused {
  rtunnel_refusal why;
};

[[noreturn]] void misused(std::string message) { throw refused{{2, std::move(message), true}}; }
[[noreturn]] void unusable(std::string message, bool shows_usage = false) {
  throw refused{{1, std::move(message), shows_usage}};
}

std::string quoted(std::string_view what) { return '`' + std::string(what) + '`'; }

const option_row* find(std::string_view name) {
  const auto* const found = std::ranges::find_if(rows, [&](const option_row& row) {
    return row.shown.name == name ||
           (name.size() == 1 && row.shown.letter != 0 && row.shown.letter == name.front());
  });
  return found == std::end(rows) ? nullptr : found;
}

std::string unknown(std::string_view word, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.shown.name);
  const auto near = nearest_word(name, names);
  return "unknown option " + quoted(word) +
         (near.empty() ? "" : "; did you mean `--" + std::string(near) + "`?");
}

/// The words that the reference's reader of options takes for yes and no.
std::optional<bool> truth(std::string_view word) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return std::nullopt;
}

/// Tells options from positionals. A single dash and two are the same, and a value may follow its
/// option or be glued to it by `=`.
class reader {
 public:
  explicit reader(std::span<const std::string> words) : words_(words) {}

  rtunnel_command read() {
    bool plain = false;
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      if (plain || word == "-" || !word.starts_with('-')) {
        places_.emplace_back(word);
      } else if (word == "--") {
        plain = true;
      } else {
        read_option(word);
      }
    }
    if (wants_help_) throw refused{{0, {}, true}};
    finish();
    return std::move(made_);
  }

 private:
  void read_option(std::string_view word) {
    auto name = word.substr(word.starts_with("--") ? 2 : 1);
    const auto equals = name.find('=');
    const auto value = equals == name.npos ? std::nullopt : std::optional(name.substr(equals + 1));
    name = name.substr(0, equals);
    const auto* const row = find(name);
    if (row == nullptr) misused(unknown(word, name));
    if (row->value != nullptr) {
      made_.*row->value = std::string(value ? *value : next_value(word));
      return;
    }
    const auto is_on = value ? truth(*value) : true;
    if (!is_on) misused(quoted(word) + ": it takes `true` or `false`");
    (row->flag != nullptr ? made_.*row->flag : wants_help_) = *is_on;
  }

  // An option in the place of a value is a value that was forgotten.
  std::string_view next_value(std::string_view word) {
    if (next_ < words_.size() && !words_[next_].starts_with('-')) return words_[next_++];
    misused(quoted(word) + " needs a value" +
            (next_ < words_.size() ? "; one that begins with `-` is given as " + std::string(word) +
                                         "=" + words_[next_]
                                   : ""));
  }

  void finish() {
    if (places_.size() != 2)
      unusable("two words are needed, a target or a URL and where to listen; there " +
                   std::string(places_.size() == 1 ? "is 1" : "are ") +
                   (places_.size() == 1 ? "" : std::to_string(places_.size())),
               true);
    if (begins_ws_url(places_[0])) {
      finish_client();
    } else {
      finish_server();
    }
    check_options();
  }

  void finish_client() {
    made_.url = places_[0];
    if (made_.url.starts_with("http")) made_.url.replace(0, 4, "ws");
    if (const auto read = parse_ws_url(made_.url); !read) unusable(read.wrong);
    made_.role = rtunnel_role::stdio;
    if (places_[1].starts_with("stdio://")) return;
    made_.role = rtunnel_role::client;
    made_.listen = address(places_[1], "127.0.0.1", parse_listen, "the local address");
  }

  void finish_server() {
    if (places_[1].starts_with("stdio://"))
      unusable("stdio:// is for a client, whose first word is a URL such as ws://HOST:PORT");
    made_.target = address(places_[0], "127.0.0.1", parse_remote, "the target");
    made_.listen = address(places_[1], "0.0.0.0", parse_listen, "the listen address");
    if (made_.secure && !(made_.cert && made_.key))
      unusable("--secure needs both --cert and --key at a server");
  }

  /// `port`, `:port`, `host:port` or `[v6]:port`, with the host that is meant where none is given.
  static std::string address(const std::string& given, std::string_view host,
                             parsed<host_port> (*parse)(std::string_view),
                             const std::string& what) {
    const bool is_port = !given.empty() && given.find_first_not_of("0123456789") == given.npos;
    const bool lacks_host = given.starts_with(':') && given.rfind(':') == 0;
    const auto whole = is_port      ? std::string(host) + ':' + given
                       : lacks_host ? std::string(host) + given
                                    : given;
    const auto read = parse(whole);
    if (!read) unusable(what + ": " + read.wrong);
    if (read->ports.size() > 1) unusable(what + ": " + quoted(given) + " has more than one port");
    auto made = read->to_string();
    if (made.starts_with('[') && !whole.starts_with('['))
      unusable(what + ": write IPv6 in brackets, as in " + made);
    return made;
  }

  void check_options() const {
    if (made_.compat && *made_.compat != "g1" && *made_.compat != "g2" && *made_.compat != "auto")
      unusable("--compat takes g1, g2 or auto, not " + quoted(*made_.compat));
    if (made_.secret && made_.secret_file) unusable("give --secret or --secret-file, not both");
    if (made_.secret && made_.secret->empty()) unusable("--secret: it is empty");
  }

  std::span<const std::string> words_;
  std::size_t next_ = 0;
  std::vector<std::string> places_;
  bool wants_help_ = false;
  rtunnel_command made_;
};

}  // namespace

std::variant<rtunnel_command, rtunnel_refusal> read_rtunnel_command(
    std::span<const std::string> words) {
  try {
    return reader(words).read();
  } catch (const refused& e) {
    return e.why;
  }
}

std::span<const rtunnel_option> rtunnel_options() { return options; }

std::string rtunnel_usage(std::string_view called) {
  const std::string name(called);
  auto made =
      "Carries TCP through a WebSocket that may break at any time.\n\nUsage: " + name +
      " TARGET LISTEN [OPTIONS]\n       " + name + " URL LOCAL [OPTIONS]\n       " + name +
      " URL stdio:// [OPTIONS]\n\n"
      "Of the first word it takes its role: a URL (ws, wss, http or https) makes a client,\n"
      "an address or a port a server. Options may stand anywhere.\n\nOPTIONS:\n";
  for (const auto& each : options) {
    auto row = each.letter != 0 ? std::string("  -") + each.letter + ", " : std::string("      ");
    row.append("--").append(each.name);
    if (!each.value.empty()) row.append(" ").append(each.value);
    row.resize(std::max<std::size_t>(row.size() + 2, 36), ' ');
    made += row.append(each.help) + '\n';
  }
  return made + "\nEXAMPLES:\n  " + name + " 22 8080\n  " + name +
         " 127.0.0.1:22 0.0.0.0:8443 --cert server.crt --key server.key\n  " + name +
         " wss://a.example:8443/ 127.0.0.1:2222 --secure\n"
         "  ssh -o ProxyCommand='" +
         name + " ws://a.example:8080 stdio://%h:%p' user@host\n";
}

}  // namespace relay::wire
