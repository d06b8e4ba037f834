#include "layer_io.hpp"

#include <array>
#include <span>

namespace relay::handshake {

using transport::io;
using transport::io_result;
using transport::stream;
using transport::turn_budget;
namespace {

// Of a peer that was refused: more than that it is not worth.
constexpr std::size_t most_ignored = 256 * 1024;

io_result append_some(stream& from, std::string& head) {
  std::array<std::byte, 4096> room;
  const auto come = from.read_some(room);
  if (come.what == io::moved) {
    head.append(reinterpret_cast<const char*>(room.data()), come.bytes);
  }
  return come;
}

}  // namespace

task<error_code> await_stream(stream& of, net::readiness& ready) {
  const auto ec = co_await ready.woken();
  if (ec) co_return ec;
  const auto own = of.flush();
  co_return own.what == io::failed ? own.ec : error_code();
}

task<error_code> read_more(stream& from, std::string& head, net::readiness& ready) {
  for (std::size_t work = 0;;) {
    const auto come = append_some(from, head);
    switch (come.what) {
      case io::moved:
        // Whoever sends much that brings the step little further waits, like others, for its turn.
        work += come.overhead;
        if (work >= turn_budget / 4) {
          work = 0;
          const auto ec = co_await ready.others_first();
          if (ec) co_return ec;
        }
        if (come.bytes > 0) co_return error_code();
        break;  // a frame or record without payload: what follows it may be there already
      case io::end:
        co_return make_error_code(errc::truncated);
      case io::failed:
        co_return come.ec;
      default: {
        const auto ec = co_await await_stream(from, ready);
        if (ec) co_return ec;
      }
    }
  }
}

task<error_code> write_all(stream& to, std::string text, net::readiness& ready) {
  auto rest = std::as_writable_bytes(std::span(text));
  while (!rest.empty()) {
    const auto went = to.write_some(rest);
    if (went.what == io::failed) co_return went.ec;
    if (went.what == io::moved) {
      rest = rest.subspan(went.bytes);
      continue;
    }
    const auto ec = co_await await_stream(to, ready);
    if (ec) co_return ec;
  }
  // A stream may have taken it without having passed it on.
  for (;;) {
    const auto own = to.flush();
    if (own.what == io::failed) co_return own.ec;
    if (own.what == io::moved) co_return error_code();
    const auto ec = co_await ready.woken();
    if (ec) co_return ec;
  }
}

task<> part_from(stream& whom, net::readiness& ready) {
  while (whom.shutdown_write().what == io::blocked) {
    const auto ec = co_await ready.woken();
    if (ec) co_return;
  }
  std::string ignored;
  for (std::size_t sum = 0; sum < most_ignored; sum += ignored.size()) {
    ignored.clear();
    const auto ec = co_await read_more(whom, ignored, ready);
    if (ec) co_return;
  }
}

}  // namespace relay::handshake
