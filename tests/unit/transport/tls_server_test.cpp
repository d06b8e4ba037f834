#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <utility>
#include <vector>

namespace relay::transport {
namespace {

using test::tls_bench;
using test::tls_link;

/// A client that asks for a stapled response.
std::string stapled(tls_bench& b, const config::tls_listen_options& options) {
  const auto accepting = b.server(options);
  const auto dialling = b.client();
  auto asking = dialling->open(test::some_remote);
  SSL_set_tlsext_status_type(asking.get(), TLSEXT_STATUSTYPE_ocsp);
  tls_link link(b, std::move(asking), accepting->open());
  EXPECT_TRUE(link.shake()) << link.client_result.ec.message();
  const unsigned char* bytes = nullptr;
  const auto size = SSL_get_tlsext_status_ocsp_resp(link.client_ssl, &bytes);
  return size > 0
             ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size))
             : "";
}

// Spec 9.1: `ocsp`.
TEST(TlsServer, StaplesTheResponseAsItIs) {
  tls_bench b;
  auto options = b.listen_options(b.trusted.server());
  EXPECT_EQ(stapled(b, options), "");
  options.ocsp = b.files.file("ocsp.der", test::ocsp_response());
  EXPECT_EQ(stapled(b, options), test::ocsp_response());
}

TEST(TlsServer, RefusesAResponseThatIsNone) {
  tls_bench b;
  auto options = b.listen_options(b.trusted.server());
  options.ocsp = b.files.file("ocsp.der", "nothing");
  EXPECT_EQ(tls_server::make(options, b.self_signed).wrong,
            "`" + options.ocsp + "` holds no OCSP response; DER is wanted");
  options.ocsp = b.files.path() + "/missing";
  EXPECT_EQ(tls_server::make(options, b.self_signed).wrong,
            "cannot read the OCSP response `" + options.ocsp + "`: no such file or directory");
}

// Spec 9.3: the same certificate whatever the name; a missing name is fine.
TEST(TlsServer, LooksAtNoName) {
  tls_bench b;
  const auto accepting = b.server();
  for (const auto* const name : {"server.test", "unknown.test", "192.0.2.1"}) {
    const auto dialling = tls_bench::client({name, {}, true, {}});
    tls_link link(b, *dialling, *accepting);
    EXPECT_TRUE(link.shake()) << name;
  }
}

/// What a client is told that offers this to a server with that.
struct selection {
  selection(tls_bench& b, std::vector<std::string> ours, std::vector<std::string> offered) {
    auto accepts = b.listen_options(b.trusted.server());
    accepts.alpn = std::move(ours);
    auto dials = b.dial_options();
    dials.alpn = std::move(offered);
    const auto accepting = b.server(accepts);
    tls_link link(b, *tls_bench::client(dials), *accepting);
    done = link.shake();
    client_says = link.client_result.ec.message();
    server_says = link.server_result.ec.message();
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(link.client_ssl, &chosen, &length);
    selected.assign(reinterpret_cast<const char*>(chosen), length);
  }
  bool done = false;
  std::string selected, client_says, server_says;
};

TEST(TlsServer, SelectsTheFirstOfItsProtocolsThatIsOffered) {
  tls_bench b;
  EXPECT_EQ(selection(b, {"h2", "http/1.1"}, {"http/1.1", "h2"}).selected, "h2");
  EXPECT_EQ(selection(b, {"h2", "", "http/1.1"}, {"h3", "http/1.1"}).selected, "http/1.1");
  for (const auto& none :
       {selection(b, {}, {"h2"}), selection(b, {"h2"}, {}), selection(b, {"", ""}, {"h2"})}) {
    EXPECT_TRUE(none.done) << none.server_says;
    EXPECT_EQ(none.selected, "");
  }
}

// RFC 7301, 3.2. Names are compared byte by byte.
TEST(TlsServer, RefusesClientsThatOfferNoneOfItsProtocols) {
  tls_bench b;
  for (const auto* const offered : {"http/1.1", "H2", "h2c", "h"}) {
    const selection none(b, {"h2"}, {offered});
    EXPECT_FALSE(none.done) << offered;
    EXPECT_EQ(none.client_says, "the peer refused: none of the protocols in `alpn`");
    EXPECT_EQ(none.server_says, "the client offers none of the protocols in `alpn`");
  }
}

TEST(TlsServer, RefusesNamesOfProtocolsThatFitNowhere) {
  tls_bench b;
  auto options = b.listen_options(b.trusted.server());
  options.alpn = {"h2", std::string(256, 'x')};
  EXPECT_EQ(tls_server::make(options, b.self_signed).wrong,
            "`alpn` holds a name of more than 255 bytes");
}

TEST(TlsServer, NeverOffersEarlyData) {
  tls_bench b;
  const auto accepting = b.server();
  const auto dialling = b.client();
  tls_link link(b, *dialling, *accepting);
  ASSERT_TRUE(link.shake());
  ASSERT_TRUE(test::write_to(b, link.server, "x"));  // the ticket leaves with it
  EXPECT_EQ(test::read_from(b, link.client, 1), "x");
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(link.client_ssl)), 1);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(SSL_get_session(link.client_ssl)), 0U);
}

TEST(TlsServer, WritesNoKeysForDebuggers) {
  tls_bench b;
  const auto handle = b.server()->open();
  EXPECT_EQ(SSL_CTX_get_keylog_callback(SSL_get_SSL_CTX(handle.get())), nullptr);
}

}  // namespace
}  // namespace relay::transport
