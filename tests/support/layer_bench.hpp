#pragma once

#include "support/sockets.hpp"

#include <relay/handshake/layers.hpp>
#include <relay/net/task_group.hpp>
#include <relay/net/worker.hpp>
#include <relay/wire/websocket_handshake.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <sys/ioctl.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace relay::test {

/// Bytes in a socket that nobody has taken yet.
inline int waiting_at(int fd) {
  int count = -1;
  ::ioctl(fd, FIONREAD, &count);
  return count;
}

/// A worker whose loop runs here, with time moved by hand, and what its handshakes need.
struct layer_bench {
  layer_bench() {
    on.on_asio_needed([] { return true; });  // as where coroutines live
  }

  handshake::tools tools() { return {engine, wheel, limit}; }
  void pass(int ticks) {
    for (int i = 0; i < ticks; ++i) wheel.advance(++clock);
  }
  /// Runs the loop until every task has ended.
  void finish() {
    tasks.when_empty([this] { on.loop().stop(); });
    if (tasks.is_empty()) return;
    on.loop().restart();
    on.loop().run_for(patience);
    if (tasks.is_empty()) return;
    ADD_FAILURE() << "still waiting after " << patience.count() << " s";
    cancel();
  }
  /// As a worker that ends: from within its loop, since a cancellation from outside of it is posted
  /// and may find that its task is gone.
  void cancel() {
    bool is_over = false;
    later([&] {
      tasks.cancel();
      tasks.when_empty([&] {
        is_over = true;
        on.loop().stop();
      });
    });
    on.loop().restart();
    on.loop().run_for(patience);
    EXPECT_TRUE(is_over);
  }
  /// Has it done when everything that is due has been done.
  void later(std::function<void()> what) { on.post(std::move(what)); }
  /// As soon as this is so.
  void when(std::function<bool()> is_so, std::function<void()> what) {
    later([this, is_so = std::move(is_so), what = std::move(what)]() mutable {
      if (is_so()) return what();
      when(std::move(is_so), std::move(what));
    });
  }

  net::worker on{0};
  std::uint32_t clock = 0;
  net::timer_wheel wheel{[this] { return clock; }};
  transport::tls_engine engine{on.poller()};
  std::chrono::milliseconds limit{1000};
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  net::task_group tasks{on.loop().get_executor(), log};
};

/// One end of a connection on a worker, with the layers that a step puts around it.
struct layer_end {
  layer_end(layer_bench& bench, unique_fd from) : b(bench) {
    if (bare.socket().attach(std::move(from), net::seen::writable)) {
      throw std::runtime_error("attach");
    }
  }

  void accept(const transport::listen_layers& what) { b.tasks.spawn(accepting(what)); }
  void dial(const transport::dial_layers& what) { b.tasks.spawn(dialling(what)); }
  bool has_come_about() const { return outcome && !outcome->ec; }
  int waiting() { return waiting_at(bare.socket().fd()); }
  /// Payload, until there are `count` bytes or nothing follows.
  std::string read(std::size_t count, transport::io_result* last = nullptr) {
    std::string got;
    std::string part(65536, '\0');
    transport::io_result in;
    turn_until(b.on.poller(), [&] {
      do {
        in = over.top().read_some(std::as_writable_bytes(std::span(part)));
        got.append(part, 0, in.bytes);
      } while (in.what == transport::io::moved && in.again);
      return in.what == transport::io::end || in.what == transport::io::failed ||
             (count > 0 && got.size() >= count);
    });
    if (last != nullptr) *last = in;
    return got;
  }
  void write(const std::string& payload) {
    std::string room(transport::stream::headroom, '\0');
    room += payload;
    auto rest = std::as_writable_bytes(std::span(room)).subspan(transport::stream::headroom);
    EXPECT_TRUE(turn_until(b.on.poller(), [&] {
      while (!rest.empty()) {
        const auto out = over.top().write_some(rest);
        if (out.what == transport::io::failed) return true;
        if (out.what != transport::io::moved) return false;
        rest = rest.subspan(out.bytes);
      }
      return over.top().flush().what == transport::io::moved;
    }));
    EXPECT_TRUE(rest.empty());
  }

  layer_bench& b;
  transport::plain_stream bare{b.on.poller()};
  transport::layered over{bare};
  std::optional<handshake::outcome> outcome;  // nothing: not over, or cancelled
  bool speaks = false;                        // whoever dials has payload already

 private:
  task<> accepting(const transport::listen_layers& what) {
    const auto with = b.tools();
    auto made = co_await handshake::open_for_client(over, what, with);
    outcome = std::move(made);
  }
  task<> dialling(const transport::dial_layers& what) {
    const auto with = b.tools();
    const auto to = *ip_endpoint::parse("192.0.2.1:443");
    auto made = co_await handshake::open_to_remote(over, what, to, speaks, with);
    outcome = std::move(made);
  }
};

const config::ws_options some_ws{"a.example", "/x"};

/// What an endpoint has for a transport: "ws", "tls" or "wss".
struct layer_kinds {
  explicit layer_kinds(const std::string& kind) {
    if (kind != "tls") in.ws = out.ws = some_ws;
    if (kind == "ws") return;
    transport::self_signed_certificates self_signed;
    const config::tls_listen_options shown{{}, {}, "a.example", {}};
    const config::tls_dial_options asked{"a.example", {}, true, {}};
    in.tls = *transport::tls_server::make(shown, self_signed);
    out.tls = *transport::tls_client::make(asked);
  }

  transport::listen_layers in;
  transport::dial_layers out;
};

inline std::string request(const config::ws_options& of = some_ws) {
  return wire::write_ws_request(of.host, of.path, "dGhlIHNhbXBsZSBub25jZQ==");
}

}  // namespace relay::test
