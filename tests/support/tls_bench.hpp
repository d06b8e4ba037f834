#pragma once

#include "certificates.hpp"
#include "pump_bench.hpp"
#include "scratch_directory.hpp"

#include <relay/transport/tls_context.hpp>
#include <relay/transport/tls_engine.hpp>
#include <relay/transport/tls_stream.hpp>

#include <netinet/tcp.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace relay::test {

using transport::io;
using transport::io_result;
using transport::tls_client;
using transport::tls_handle;
using transport::tls_server;
using transport::tls_stream;

/// One worker with TLS, and the files that its contexts read.
struct tls_bench : pump_bench {
  transport::tls_engine engine{poller};
  scratch_directory files;
  transport::self_signed_certificates self_signed;
  authority trusted;
  std::string ca = files.file("ca.pem", trusted.root.pem());

  /// Files named after `stem`.
  config::tls_listen_options listen_options(const certificate& shown,
                                            const std::string& stem = "server") const {
    return {
        files.file(stem + ".pem", shown.pem()), files.file(stem + ".key", shown.key_pem()), {}, {}};
  }
  config::tls_dial_options dial_options(const std::string& sni = "server.test") const {
    return {sni, {}, false, ca};
  }
  /// The same where an end has to be said.
  template <class Options>
  static Options strict(Options of) {
    of.strict_end = true;
    return of;
  }
  std::shared_ptr<tls_server> server(const config::tls_listen_options& options) {
    auto made = tls_server::make(options, self_signed);
    if (!made) throw std::runtime_error(made.wrong);
    return *made;
  }
  std::shared_ptr<tls_server> server() { return server(listen_options(trusted.server())); }
  static std::shared_ptr<tls_client> client(const config::tls_dial_options& options) {
    auto made = tls_client::make(options);
    if (!made) throw std::runtime_error(made.wrong);
    return *made;
  }
  std::shared_ptr<tls_client> client() { return client(dial_options()); }
};

inline const ip_endpoint some_remote = *ip_endpoint::parse("192.0.2.1:443");

/// Two TLS streams that talk to each other through the kernel. `*_ssl` are theirs, to look into.
struct tls_link {
  tls_link(tls_bench& on, tls_handle dialling, tls_handle accepting, int buffers = 0)
      : bench(on),
        client_below(on.poller),
        server_below(on.poller),
        client_ssl(dialling.get()),
        server_ssl(accepting.get()),
        client(client_below, on.engine, std::move(dialling)),
        server(server_below, on.engine, std::move(accepting)) {
    auto [one, other] = tcp_pair();
    if (buffers > 0) {
      set_buffers(one.get(), buffers);
      set_buffers(other.get(), buffers);
    }
    // As listener and dialer do; a ticket and what follows it would otherwise wait for each other.
    const int on_at_once = 1;
    for (const auto* each : {&one, &other}) {
      ::setsockopt(each->get(), IPPROTO_TCP, TCP_NODELAY, &on_at_once, sizeof on_at_once);
    }
    if (client_below.socket().attach(std::move(one), net::seen::writable) ||
        server_below.socket().attach(std::move(other), net::seen::writable)) {
      throw std::runtime_error("attach");
    }
  }
  tls_link(tls_bench& on, const tls_client& dialling, const tls_server& accepting, int buffers = 0)
      : tls_link(on, dialling.open(some_remote), accepting.open(), buffers) {}

  /// Both handshakes, until they are done or one has failed.
  bool shake() {
    return turn_until(
               bench.poller,
               [&] {
                 if (client_result.what == io::blocked) client_result = client.handshake();
                 if (server_result.what == io::blocked) server_result = server.handshake();
                 const bool failed =
                     client_result.what == io::failed || server_result.what == io::failed;
                 // Whoever failed has said so; the other hears of it.
                 return (client_result.what != io::blocked && server_result.what != io::blocked) ||
                        (failed && --patience_after_failure == 0);
               }) &&
           client_result.what == io::moved && server_result.what == io::moved;
  }

  tls_bench& bench;
  transport::plain_stream client_below;
  transport::plain_stream server_below;
  ssl_st* client_ssl;
  ssl_st* server_ssl;
  tls_stream client;
  tls_stream server;
  io_result client_result;
  io_result server_result;
  int patience_after_failure = 20;
};

/// Reads what is there, waiting for `count` bytes; stops at an end or a failure, which `last`
/// tells.
inline std::string read_from(tls_bench& bench, tls_stream& from, std::size_t count,
                             io_result* last = nullptr) {
  std::string got;
  std::string part(65536, '\0');
  io_result in;
  turn_until(bench.poller, [&] {
    do {
      in = from.read_some(std::as_writable_bytes(std::span(part)));
      got.append(part, 0, in.bytes);
    } while (in.what == io::moved && in.again);
    return in.what == io::end || in.what == io::failed || (count > 0 && got.size() >= count);
  });
  if (last != nullptr) *last = in;
  return got;
}

/// Writes all of it, reading nothing meanwhile; false when it fails.
inline bool write_to(tls_bench& bench, tls_stream& to, std::string data) {
  auto rest = std::as_writable_bytes(std::span(data));
  io_result out;
  return turn_until(bench.poller,
                    [&] {
                      while (!rest.empty()) {
                        out = to.write_some(rest);
                        if (out.what == io::failed) return true;
                        if (out.what == io::blocked) return false;
                        rest = rest.subspan(out.bytes);
                      }
                      return to.flush().what == io::moved;
                    }) &&
         out.what == io::moved;
}

}  // namespace relay::test
