#include "entry.hpp"

#include <relay/resume/machine.hpp>

#include <algorithm>
#include <vector>

// What a peer may send to a session, on carriers that break off anywhere: the first byte of the
// input says how it is cut, the rest is what comes.
namespace relay::resume {
namespace {

using fuzz::require;
using bytes = std::vector<std::byte>;

constexpr std::size_t our_window = 100'000;

void check(const machine& of) {
  require(of.unacknowledged() <= our_window, "the window is bounded");
  require(!of.is_complete() || of.peer_has_ended() || of.was_reset(), "who says so?");
}

void drain(machine& of) {
  for (auto piece = of.output(); !piece.empty(); piece = of.output()) of.wrote(piece.size());
}

/// How much payload it found.
std::size_t feed_own(std::span<const std::byte> input, std::size_t step) {
  machine_limits with;
  with.window.bytes = our_window;
  machine m(with);
  const bytes payload(1000);
  std::size_t found = 0;
  bool is_open = false;
  m.attach();
  for (std::size_t at = 0; at < input.size(); at += step) {
    bytes piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                input.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, input.size())));
    if (!is_open) is_open = m.open(m.tell_taken() * 0);
    (void)m.write(payload);
    for (std::span<std::byte> rest(piece);;) {
      const auto pass = m.take(rest);
      require(pass.used <= rest.size() && pass.payload <= pass.used, "no byte comes from nowhere");
      found += pass.payload;
      rest = rest.subspan(pass.used);
      check(m);
      if (pass.what == machine::event::violation) {
        m.attach();
        is_open = false;
      }
      if (pass.what != machine::event::handshake) break;
      const auto& heard = m.heard();
      (void)wire::read_resume_greeting(heard.payload);
      (void)wire::read_resume_hello(heard.number, heard.payload);
      (void)wire::read_resume_accept(heard.number, heard.payload);
      (void)wire::read_resume_refusal(heard.payload);
    }
    m.taken();
    m.acknowledge_now();
    drain(m);
  }
  return found;
}

std::size_t feed_rtunnel(std::span<const std::byte> input, std::size_t step) {
  auto with = rtunnel_limits((step & 1) != 0, true, true);
  with.window.bytes = our_window;
  machine m(with);
  m.attach();
  (void)m.open(std::nullopt);
  std::size_t found = 0;
  for (std::size_t at = 0; at < input.size(); at += step) {
    bytes piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                input.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, input.size())));
    const auto middle = static_cast<std::uint32_t>(piece.size() / 2);
    const wire::ws_message_end ends[] = {{middle, false},
                                         {static_cast<std::uint32_t>(piece.size()), step % 5 == 0}};
    (void)m.write(piece);
    const auto pass = m.take(piece, std::span(ends).first(step % 3));
    found += pass.payload + m.spilt().size();
    check(m);
    m.taken();
    m.acknowledge_now();
    drain(m);
    if (step % 7 == 0) {
      m.attach();
      (void)m.open(std::nullopt);
    }
  }
  return found;
}

}  // namespace
}  // namespace relay::resume

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  const std::size_t step = 1 + std::size_t{data[0]};
  relay::fuzz::require(relay::resume::feed_own(input, step) <= input.size(), "more than came");
  relay::fuzz::require(relay::resume::feed_rtunnel(input, step) <= input.size(), "more than came");
  return 0;
}
