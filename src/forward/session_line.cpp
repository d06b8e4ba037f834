#include <relay/config/label.hpp>
#include <relay/forward/session_line.hpp>

#include <fmt/format.h>

namespace relay::forward {
namespace {

using tenths = session_times::tenths;

/// ` name=1.2`, in milliseconds; nothing where it was not measured.
std::string field(const char* name, const std::optional<tenths>& time) {
  if (!time) return {};
  return fmt::format(" {}={}.{}", name, time->count() / 10, time->count() % 10);
}

/// What a peer has sent may be quoted in it: it must not end the quotation, nor the line.
std::string quoted(const std::string& text) {
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    made += c == '"' ? '\'' : byte < ' ' || byte == 0x7f ? '?' : c;
  }
  return '"' + made + '"';
}

}  // namespace

std::string client_name::to_string() const {
  return via ? client.to_string() + " via " + via->to_string() : client.to_string();
}

std::string path_text::to_string() const {
  return fmt::format(" listen={}{} remote={}", listen, config::name_field(name), remote);
}

std::string session_line(const session_summary& of, const path_text& path) {
  auto text = fmt::format("session done id={} client={}", of.id, of.client.client.to_string());
  if (of.client.via) text += " via=" + of.client.via->to_string();
  text += path.to_string();
  if (of.is_visitor) text += " route=camouflage";
  text += fmt::format(" up={} down={} ms={}", of.up, of.down, of.lasted.count());
  if (of.times.waited.count() > 0) text += fmt::format(" waited_ms={}", of.times.waited.count());
  if (of.times.is_warm) text += " warm=yes";
  text += field("connect_ms", of.times.connect) + field("first_byte_ms", of.times.first_byte);
  text += fmt::format(" end={}", to_string(of.end));
  if (of.has_lost) text += " lost=yes";
  if (of.error || !of.detail.empty()) {
    text += " error=" + quoted(of.detail.empty() ? describe(of.error) : of.detail);
  }
  return text;
}

std::string association_line(const session_summary& of, const path_text& path,
                             std::uint64_t up_datagrams, std::uint64_t down_datagrams) {
  return fmt::format(
      "association done id={} client={}{} up={} down={} up_datagrams={} down_datagrams={} ms={} "
      "end={}",
      of.id, of.client.client.to_string(), path.to_string(), of.up, of.down, up_datagrams,
      down_datagrams, of.lasted.count(), to_string(of.end));
}

}  // namespace relay::forward
