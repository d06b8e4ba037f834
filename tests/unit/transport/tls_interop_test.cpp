#include "support/child.hpp"
#include "support/tls_bench.hpp"

#include <gtest/gtest.h>

#include <optional>

/// Against the programs of OpenSSL, over real connections.
namespace relay::transport {
namespace {

using test::child;
using test::tls_bench;

/// One connection on our side, with what was read from it.
struct near_end {
  near_end(tls_bench& on, unique_fd fd, tls_handle handle)
      : bench(on), below(on.poller), stream(below, on.engine, std::move(handle)) {
    test::set_non_blocking(fd.get());
    if (below.socket().attach(std::move(fd), net::seen::writable))
      throw std::runtime_error("attach");
  }
  bool shake() {
    return test::turn_until(bench.poller,
                            [&] {
                              result = stream.handshake();
                              return result.what != io::blocked;
                            }) &&
           result.what == io::moved;
  }
  /// Reads until `text` has come.
  bool hears(const std::string& text) {
    return test::turn_until(bench.poller,
                            [&] {
                              stream.flush();
                              std::string part(65536, '\0');
                              do {
                                result = stream.read_some(std::as_writable_bytes(std::span(part)));
                                heard.append(part, 0, result.bytes);
                              } while (result.what == io::moved && result.again);
                              return heard.find(text) != std::string::npos ||
                                     result.what == io::end || result.what == io::failed;
                            }) &&
           heard.find(text) != std::string::npos;
  }

  tls_bench& bench;
  plain_stream below;
  tls_stream stream;
  io_result result;
  std::string heard;
};

struct our_server : tls_bench {
  explicit our_server(std::vector<std::string> flags = {}) : client_program(command(flags)) {
    end.emplace(*this, test::accept_one(listener.get()), accepting->open());
  }
  std::vector<std::string> command(const std::vector<std::string>& flags) const {
    std::vector<std::string> all{"openssl",
                                 "s_client",
                                 "-connect",
                                 test::address_of(listener.get()).to_string(),
                                 "-servername",
                                 "server.test",
                                 "-verify_return_error",
                                 "-CAfile",
                                 ca};
    all.insert(all.end(), flags.begin(), flags.end());
    return all;
  }
  unique_fd listener = test::listen_any();
  std::shared_ptr<tls_server> accepting = server();
  child client_program;
  std::optional<near_end> end;
};

TEST(TlsInterop, OpensslsClientTalksToUsInBothVersions) {
  for (const auto* const version : {"-tls1_2", "-tls1_3"}) {
    our_server b({version, "-alpn", "h2,http/1.1", "-status"});
    ASSERT_TRUE(b.end->shake()) << b.end->result.ec.message();
    b.client_program.type("hello from outside\n");
    EXPECT_TRUE(b.end->hears("hello from outside\n"));
    ASSERT_TRUE(test::write_to(b, b.end->stream, "and an answer\n"));
    EXPECT_TRUE(test::wait_until([&] { return b.client_program.has_printed("and an answer\n"); }));
    EXPECT_TRUE(b.client_program.has_printed("Verify return code: 0 (ok)"));
    EXPECT_TRUE(b.client_program.has_printed("No ALPN negotiated")) << "spec 9.3";
    EXPECT_TRUE(b.client_program.has_printed("OCSP response: no response sent"));
  }
}

TEST(TlsInterop, OpensslsClientChangesItsKeys) {
  our_server b({"-tls1_3"});
  ASSERT_TRUE(b.end->shake());
  b.client_program.type("K\n");  // s_client's command: update, and ask for the same
  ASSERT_TRUE(test::wait_until([&] { return b.client_program.has_printed("KEYUPDATE"); }));
  b.client_program.type("after the update\n");
  EXPECT_TRUE(b.end->hears("after the update\n"));
  ASSERT_TRUE(test::write_to(b, b.end->stream, "heard\n"));
  EXPECT_TRUE(test::wait_until([&] { return b.client_program.has_printed("heard\n"); }));
}

TEST(TlsInterop, OpensslsClientMayNotRenegotiate) {
  our_server b({"-tls1_2"});
  ASSERT_TRUE(b.end->shake());
  b.client_program.type("R\n");  // s_client's command
  EXPECT_FALSE(b.end->hears("never said"));
  EXPECT_TRUE(test::wait_until([&] { return b.client_program.has_printed("no renegotiation"); }));
}

TEST(TlsInterop, OpensslsClientSeesOurEnd) {
  our_server b({"-quiet"});
  ASSERT_TRUE(b.end->shake());
  b.client_program.type("say goodbye\n");
  ASSERT_TRUE(b.end->hears("say goodbye\n"));
  ASSERT_TRUE(test::write_to(b, b.end->stream, "goodbye\n"));
  ASSERT_EQ(b.end->stream.shutdown_write().what, io::moved);
  EXPECT_FALSE(b.end->hears("anything else"));
  EXPECT_EQ(b.end->result.what, io::end) << b.end->result.ec.message();
  EXPECT_TRUE(test::wait_until([&] { return b.client_program.has_printed("goodbye\n"); }));
}

/// s_server -rev answers every line with its reverse.
struct their_server : tls_bench {
  explicit their_server(const std::vector<std::string>& flags = {}) : program(command(flags)) {
    const std::string announcement = "ACCEPT 127.0.0.1:";
    const auto ready = [&] {
      const auto at = program.printed().find(announcement);
      return at != std::string::npos && program.printed().find('\n', at) != std::string::npos;
    };
    if (!test::wait_until(ready)) throw std::runtime_error("s_server: " + program.printed());
    const auto from = program.printed().find(announcement) + announcement.size();
    const auto until = program.printed().find('\n', from);
    address = *ip_endpoint::parse("127.0.0.1:" + program.printed().substr(from, until - from));
  }
  std::vector<std::string> command(const std::vector<std::string>& flags) const {
    const auto shown = listen_options(trusted.server());
    std::vector<std::string> all{"openssl", "s_server", "-accept", "127.0.0.1:0", "-rev",
                                 "-cert",   shown.cert, "-key",    shown.key};
    all.insert(all.end(), flags.begin(), flags.end());
    return all;
  }
  near_end dial() { return {*this, test::connect_to(address), dialling->open(address)}; }

  std::shared_ptr<tls_client> dialling = client();
  child program;
  ip_endpoint address;
};

TEST(TlsInterop, WeTalkToOpensslsServerAndResumeThere) {
  for (const auto* const version : {"-tls1_2", "-tls1_3"}) {
    their_server b({version});
    for (int i = 0; i < 3; ++i) {
      auto end = b.dial();
      ASSERT_TRUE(end.shake()) << end.result.ec.message();
      EXPECT_EQ(end.stream.was_resumed(), i > 0) << version;
      ASSERT_TRUE(test::write_to(b, end.stream, "drawer\n"));
      EXPECT_TRUE(end.hears("reward\n")) << end.heard;
    }
  }
}

TEST(TlsInterop, OpensslsServerMayInsistOnOtherSuitesAndGroups) {
  for (const auto& flags : std::vector<std::vector<std::string>>{
           {"-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"},
           {"-ciphersuites", "TLS_AES_256_GCM_SHA384"},
           {"-groups", "P-384"},
           {"-groups", "P-256"},
           {"-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"}}) {
    their_server b(flags);
    auto end = b.dial();
    ASSERT_TRUE(end.shake()) << flags.back() << ": " << end.result.ec.message();
    ASSERT_TRUE(test::write_to(b, end.stream, "drawer\n"));
    EXPECT_TRUE(end.hears("reward\n")) << flags.back();
  }
}

}  // namespace
}  // namespace relay::transport
