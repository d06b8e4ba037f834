#include "entry.hpp"

#include <relay/wire/proxy.hpp>

#include <algorithm>
#include <vector>

namespace relay::wire {
namespace {

using fuzz::require;

/// The first `size` bytes in memory of their own, so that a sanitizer sees a read beyond them.
proxy_answer read_first(std::span<const std::byte> input, std::size_t size) {
  const std::vector<std::byte> part(input.begin(),
                                    input.begin() + static_cast<std::ptrdiff_t>(size));
  return read_proxy(part);
}

/// The part of an answer that may not depend on how much was seen.
proxy_header without_counts(proxy_header from) {
  from.consumed = from.skip = 0;
  return from;
}

void check_header(const proxy_header& got, std::size_t seen) {
  require(got.consumed <= seen, "no more is consumed than was seen");
  require(got.skip == 0 || got.consumed == seen,
          "nothing is skipped before the end of what is seen");
  require(got.consumed + got.skip >= 15, "a header has a length");
  require(got.consumed + got.skip <= (got.version == 1 ? longest_proxy_header : 16U + 65535U),
          "a header is no longer than its version allows");
  if (!got.addresses) return;
  require(got.transport != proxy_transport::unspecified && got.command == proxy_command::proxy,
          "addresses are known of what was proxied");
  // What was read can be sent on, and means the same.
  const auto written = write_proxy_v2(*got.addresses, got.transport);
  const auto again = read_proxy(written);
  const auto* header = std::get_if<proxy_header>(&again);
  require(header && header->addresses == got.addresses, "version 2 reads back");
  const auto line = read_proxy(write_proxy_v1(*got.addresses));
  header = std::get_if<proxy_header>(&line);
  require(header && header->addresses == got.addresses, "version 1 reads back");
}

/// Grows what is seen byte by byte and compares each answer with the one for everything.
void check_pieces(std::span<const std::byte> input, const proxy_answer& whole) {
  bool decided = false;
  std::size_t promised = 0;
  for (std::size_t size = 0; size <= std::min(input.size(), longest_proxy_header + 3); ++size) {
    const auto answer = read_first(input, size);
    if (const auto* needs = std::get_if<proxy_needs>(&answer)) {
      require(!decided, "an answer stays");
      require(needs->more > 0, "what is cut off needs more");
      require(size < longest_proxy_header, "there is an answer when the longest header was seen");
      promised = std::max(promised, size + needs->more);
      continue;
    }
    decided = true;
    if (const auto* header = std::get_if<proxy_header>(&answer)) {
      check_header(*header, size);
      require(promised <= header->consumed + header->skip,
              "only bytes of the header are asked for");
      const auto* last = std::get_if<proxy_header>(&whole);
      require(last && without_counts(*last) == without_counts(*header), "a header stays the same");
      require(last->consumed + last->skip == header->consumed + header->skip, "and its length too");
    } else {
      require(answer == whole, "a refusal stays the same");
    }
  }
}

}  // namespace
}  // namespace relay::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const auto whole = relay::wire::read_first(input, size);
  relay::wire::check_pieces(input, whole);
  return 0;
}
