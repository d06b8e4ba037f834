#include "entry.hpp"

#include <relay/wire/websocket.hpp>

#include <algorithm>
#include <vector>

namespace relay::wire {
namespace {

using fuzz::require;

/// What a connection said, whatever pieces it came in.
struct told {
  std::vector<std::byte> payload;
  std::vector<std::byte> controls;
  std::size_t frames = 0;
  std::size_t empty = 0;
  ws_event over = ws_event::none;
  error_code error;
  bool is_between_frames = true;

  friend bool operator==(const told&, const told&) = default;
};

void append(std::vector<std::byte>& to, std::span<const std::byte> what) {
  to.insert(to.end(), what.begin(), what.end());
}

void feed(ws_decoder& decoder, std::span<const std::byte> piece, told& out) {
  // Memory of its own, so that a sanitizer sees a write beyond it.
  std::vector<std::byte> copy(piece.begin(), piece.end());
  std::span<std::byte> left(copy);
  while (!left.empty() && out.over == ws_event::none) {
    const auto pass = decoder.decode(left);
    require(pass.used <= left.size() && pass.payload <= pass.used, "no byte comes from nowhere");
    require(pass.event != ws_event::none || pass.used == left.size(), "nothing is left over");
    require(pass.event == ws_event::refused || pass.used > 0, "it goes on");
    require(pass.empty <= pass.frames && pass.frames <= pass.used, "frames are counted once");
    append(out.payload, left.first(pass.payload));
    out.frames += pass.frames;
    out.empty += pass.empty;
    if (pass.event != ws_event::none && pass.event != ws_event::refused) {
      require(decoder.control().size() <= longest_ws_control, "a control frame is short");
      append(out.controls, decoder.control());
      (void)wrong_in_close(decoder.control());
    }
    if (pass.event == ws_event::close || pass.event == ws_event::refused) out.over = pass.event;
    left = left.subspan(pass.used);
  }
  out.error = decoder.error();
  out.is_between_frames = out.over != ws_event::none || decoder.is_between_frames();
}

told decode(std::span<const std::byte> input, std::size_t step, ws_role us) {
  ws_decoder decoder(us);
  told out;
  for (std::size_t at = 0; at < input.size() && out.over == ws_event::none; at += step) {
    feed(decoder, input.subspan(at, std::min(step, input.size() - at)), out);
  }
  return out;
}

}  // namespace
}  // namespace relay::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const auto step = size == 0 ? std::size_t{1} : 1 + std::size_t{data[size - 1]} % 17;
  for (const auto us : {relay::wire::ws_role::server, relay::wire::ws_role::client}) {
    const auto whole = relay::wire::decode(input, std::max<std::size_t>(size, 1), us);
    for (const auto each : {std::size_t{1}, step}) {
      relay::fuzz::require(relay::wire::decode(input, each, us) == whole,
                           "pieces make no difference");
    }
  }
  return 0;
}
