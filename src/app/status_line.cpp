#include "status_line.hpp"

#include <relay/config/label.hpp>

#include <fmt/format.h>

namespace relay::app {
namespace {

/// ` ends=client_eof:100,idle:2`; nothing where nothing has ended.
std::string ends(const forward::endpoint_totals& of) {
  std::string text;
  for (std::size_t i = 0; i < of.ended.size(); ++i) {
    if (of.ended[i] == 0) continue;
    text += fmt::format("{}{}:{}", text.empty() ? " ends=" : ",",
                        forward::to_string(static_cast<forward::end_reason>(i)), of.ended[i]);
  }
  return text;
}

std::string errors(const forward::endpoint_totals& of) {
  std::string text;
  for (const auto& [name, times] : of.errors)
    text += fmt::format("{}{}:{}", text.empty() ? " errors=" : ",", name, times);
  return text;
}

}  // namespace

std::string status_line(const forward::endpoint_totals& of) {
  auto text =
      fmt::format("endpoint {}{} remote={}", of.listen, config::name_field(of.name), of.remote);
  if (of.streams)
    text += fmt::format(" connections={} total={}", of.live.connections, of.connections);
  if (of.datagrams)
    text += fmt::format(" associations={} associations_total={}", of.live.associations,
                        of.associations);
  text += fmt::format(" up={} down={}", of.up_bytes, of.down_bytes);
  if (of.datagrams)
    text += fmt::format(" up_datagrams={} down_datagrams={} lost_datagrams={}", of.up_datagrams,
                        of.down_datagrams, of.lost_datagrams);
  if (of.unanswered != 0) text += fmt::format(" unanswered={}", of.unanswered);
  return text + ends(of) + errors(of);
}

}  // namespace relay::app
