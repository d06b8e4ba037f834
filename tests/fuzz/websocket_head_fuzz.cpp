#include "entry.hpp"

#include <relay/wire/websocket_handshake.hpp>

#include <algorithm>
#include <string>

namespace relay::wire {
namespace {

using fuzz::require;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

/// Grows what is seen and compares each answer with the one for everything.
template <class Read, class Head>
void check_pieces(std::string_view text, Read read, const Head* /*kind*/) {
  const auto whole = read(std::string(text));
  bool decided = false;
  const auto step = std::max<std::size_t>(text.size() / 64, 1);
  for (std::size_t size = 0; size <= text.size(); size += step) {
    const auto answer = read(std::string(text.substr(0, size)));
    if (std::holds_alternative<ws_head_needs>(answer)) {
      require(!decided, "an answer stays");
      require(size < longest_ws_head, "there is an answer when the longest head was seen");
      continue;
    }
    decided = true;
    require(answer == whole, "an answer does not depend on what follows");
    const auto* head = std::get_if<Head>(&answer);
    if (head == nullptr) {
      require(!std::get<ws_head_refusal>(answer).why.empty(), "a refusal says why");
    } else {
      require(head->size <= size && head->size <= longest_ws_head, "a head was seen");
      require(text.substr(0, head->size).ends_with("\r\n\r\n"), "a head has an end");
    }
  }
}

}  // namespace
}  // namespace relay::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace relay::wire;
  const auto text = relay::fuzz::text_of(data, size);
  const auto request = [](const std::string& seen) { return read_ws_request(seen, "a", "/x"); };
  const auto reply = [](const std::string& seen) { return read_ws_reply(seen, key); };
  check_pieces(text, request, static_cast<const ws_request*>(nullptr));
  check_pieces(text, reply, static_cast<const ws_reply*>(nullptr));
  return 0;
}
