#include "entry.hpp"

#include <relay/config/transport.hpp>

#include <algorithm>

namespace relay::config {
namespace {

using fuzz::require;

bool can_end_a_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

template <class T>
void check(const transport_reading<T>& read, const parsed<T>& alone, std::string_view text) {
  const bool failed = std::ranges::any_of(read.problems, &transport_problem::is_error);
  require(failed == !alone, "a value comes out exactly when there is no error");
  require(failed == !alone.wrong.empty(), "an error has a sentence");
  for (const auto& each : read.problems) {
    require(!each.message.empty() && each.at < text.size(), "a problem has a place");
  }
  if (failed) return;
  require(*alone == read.value, "both ways give the same value");
  if (!alone->ws) return;
  require(!alone->ws->host.empty() && !alone->ws->path.empty(), "ws has host and path");
  require(std::ranges::none_of(alone->ws->host, can_end_a_line), "a host stays on its line");
  require(std::ranges::none_of(alone->ws->path, can_end_a_line), "a path stays on its line");
}

void try_out(std::string_view text) {
  const auto dial = parse_dial_transport(text);
  check(read_dial_transport(text), dial, text);
  if (dial && dial->tls) {
    require(!dial->tls->sni.empty(), "a dialled tls has a name");
    require(dial->tls->client_cert.empty() == dial->tls->client_key.empty(), "a pair, or nothing");
  }
  for (const auto* name : {"cert", "client_ca", "tls"}) {
    require(item_offset(text, name) <= text.size(), "an item has a place");
  }
  const auto listen = parse_listen_transport(text);
  check(read_listen_transport(text), listen, text);
  if (!listen || !listen->tls) return;
  const auto& tls = *listen->tls;
  require(tls.cert.empty() == tls.key.empty(), "certificate and key come together");
  require(tls.cert.empty() != tls.servername.empty(), "there is one kind of certificate");
}

}  // namespace
}  // namespace relay::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::config::try_out(relay::fuzz::text_of(data, size));
  return 0;
}
