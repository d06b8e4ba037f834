#include "entry.hpp"

#include <relay/ops/control_protocol.hpp>

#include <algorithm>
#include <string>

namespace relay::ops {
namespace {

using fuzz::require;

bool is_known(const std::string& code) {
  return std::ranges::any_of(control_codes::all,
                             [&](const control_code& each) { return each.name == code; });
}

/// One line of UTF-8 without a control character but its end.
void check_line(const std::string& line) {
  require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "a line is one line");
}

void check_request(std::string_view text) {
  const auto read = read_request(text);
  if (const auto* wrong = std::get_if<control_error>(&read)) {
    require(is_known(wrong->code), "a refusal has a code of the list");
    require(wrong->message.size() < 4096, "and does not repeat what it was sent");
    check_line(write_reply(*wrong));
    return;
  }
  const auto& request = std::get<control_request>(read);
  require(request.version >= oldest_control_version && request.version <= control_version,
          "the version is one that is spoken");
  const auto line = write_request(request);
  check_line(line);
  if (line.size() > longest_request) return;
  require(read_request(line) == read, "what was understood reads back");
}

void check_reply(std::string_view text) {
  const auto read = read_reply(text);
  const auto line = write_reply(read);
  check_line(line);
  require(read_reply(line) == read || std::holds_alternative<control_error>(read),
          "an answer reads back");
}

}  // namespace
}  // namespace relay::ops

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = relay::fuzz::text_of(data, size);
  relay::ops::check_request(text);
  relay::ops::check_reply(text);
  return 0;
}
