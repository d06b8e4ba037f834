#pragma once

#include <relay/base/parsed.hpp>
#include <relay/config/dialect.hpp>
#include <relay/config/written.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The text of `listen_transport` and `remote_transport`, taken apart (spec 9.1): items between
/// semicolons, in any order, such as `tls;sni=a.example;ws;host=a.example;path=/x`.
namespace relay::config {

/// WebSocket. Both are sent, and demanded, byte for byte.
struct ws_options {
  std::string host;        ///< of the `host` header
  std::string path;        ///< the request target, query included
  std::string protocol{};  ///< the subprotocol that is asked for, or granted; may be empty
  std::chrono::milliseconds ping{0};  ///< after so much silence of ours one is sent; 0: never
  friend bool operator==(const ws_options&, const ws_options&) = default;
};

struct tls_dial_options {
  std::string sni;                ///< a name, sent and verified, or an address, only verified
  std::vector<std::string> alpn;  ///< in order of preference; empty: no such extension
  bool insecure = false;          ///< nothing is verified
  std::string ca;                 ///< a file of trusted certificates; empty: the system's
  std::string client_cert{};      ///< file of the certificate that is shown if the remote asks
  std::string client_key{};       ///< and its key; both or neither
  bool strict_end = false;        ///< an end without close_notify is an error, not an end
  friend bool operator==(const tls_dial_options&, const tls_dial_options&) = default;
};

/// Either `cert` and `key`, or `servername` alone.
struct tls_listen_options {
  std::string cert;         ///< file
  std::string key;          ///< file
  std::string servername;   ///< of a self-signed certificate that is made at start
  std::string ocsp;         ///< file of a response that is stapled; empty: none
  std::string client_ca{};  ///< a file of authorities; clients must show a certificate of theirs
  bool strict_end = false;  ///< an end without close_notify is an error, not an end
  std::vector<std::string> alpn{};  ///< in order of preference; empty: none is selected or refused
  friend bool operator==(const tls_listen_options&, const tls_listen_options&) = default;
};

/// What wraps the remote's side. With both, WebSocket runs inside TLS; with neither, it is plain.
struct dial_transport {
  std::optional<ws_options> ws;
  std::optional<tls_dial_options> tls;
  friend bool operator==(const dial_transport&, const dial_transport&) = default;
};

/// What wraps the clients' side.
struct listen_transport {
  std::optional<ws_options> ws;
  std::optional<tls_listen_options> tls;
  friend bool operator==(const listen_transport&, const listen_transport&) = default;
};

/// Something wrong with a transport text.
struct transport_problem {
  bool is_error = false;  ///< otherwise a warning: it can run, maybe not as was meant
  std::string message;    ///< "unknown item `hots`"
  std::string hint;       ///< what would be right; may be empty
  std::size_t at = 0;     ///< where in the text the item begins
  friend bool operator==(const transport_problem&, const transport_problem&) = default;
};

/// All there is to say about a text. Under relay's name whatever would let bytes cross in clear
/// that were meant to be wrapped is an error: an unknown item, a text without `ws` and `tls`, an
/// item of TLS without `tls`. Under realm's it is a warning, since realm takes such texts. With an
/// error among the problems the value is of no use.
template <class T>
struct transport_reading {
  T value;
  std::vector<transport_problem> problems;

  /// The value, or the first error in one sentence; warnings are left out.
  parsed<T> result() const;
};

transport_reading<dial_transport> read_dial_transport(std::string_view text, dialect rules);
transport_reading<listen_transport> read_listen_transport(std::string_view text, dialect rules);

/// By relay's rules.
transport_reading<dial_transport> read_dial_transport(std::string_view text);
transport_reading<listen_transport> read_listen_transport(std::string_view text);

using dial_text = written<transport_reading<dial_transport>, read_dial_transport>;
using listen_text = written<transport_reading<listen_transport>, read_listen_transport>;

/// By the rules of the configuration that the text stands in.
dial_text make_dial_text(std::string text, dialect rules);
listen_text make_listen_text(std::string text, dialect rules);

/// Where in a text the item stands that is taken for `name`; 0 if there is none.
std::size_t item_offset(std::string_view text, std::string_view name);

/// The result of the reading alone.
parsed<dial_transport> parse_dial_transport(std::string_view text, dialect rules = dialect::relay);
parsed<listen_transport> parse_listen_transport(std::string_view text,
                                                dialect rules = dialect::relay);

}  // namespace relay::config
