#include "support/tls_bench.hpp"

#include <relay/transport/tls_error.hpp>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace relay::transport {
namespace {

using test::certificate;
using test::issue;
using test::key_kind;
using test::tls_bench;
using test::tls_link;

/// What a client says of a certificate: nothing when it takes it.
std::string verdict(tls_bench& b, const certificate& shown,
                    const config::tls_dial_options& options) {
  const auto accepting = b.server(b.listen_options(shown));
  const auto dialling = tls_bench::client(options);
  tls_link link(b, *dialling, *accepting);
  if (link.shake()) return "";
  EXPECT_EQ(link.client_result.what, io::failed);
  EXPECT_EQ(link.server_result.what, io::failed) << "the server hears of it";
  return link.client_result.ec.message();
}

struct matrix : tls_bench {
  std::string of(const test::subject& whom, const std::string& sni = "server.test") {
    return verdict(*this, issue(whom, &trusted.root), dial_options(sni));
  }
};

TEST(TlsClient, VerifiesNamesAndTimes) {
  matrix b;
  EXPECT_EQ(b.of({}), "");
  EXPECT_EQ(b.of({}, "server.test."), "");
  EXPECT_EQ(b.of({}, "SERVER.test"), "");
  EXPECT_EQ(b.of({}, "other.test"), "the certificate is for another name");
  EXPECT_EQ(b.of({.alternatives = {"DNS:*.server.test"}}, "a.server.test"), "");
  EXPECT_EQ(b.of({.alternatives = {"DNS:*.server.test"}}, "a.b.server.test"),
            "the certificate is for another name");
  EXPECT_EQ(b.of({.alternatives = {}}), "the certificate is for another name")
      << "the subject's name is no name";
  EXPECT_EQ(b.of({.valid_from_days = -3, .valid_to_days = -1}), "the certificate has expired");
  EXPECT_EQ(b.of({.valid_from_days = 1, .valid_to_days = 3}), "the certificate is not valid yet");
}

TEST(TlsClient, VerifiesAddressesAgainstAddresses) {
  matrix b;
  const test::subject whom{.alternatives = {"IP:192.0.2.7", "IP:2001:db8::7", "DNS:192.0.2.8"}};
  EXPECT_EQ(b.of(whom, "192.0.2.7"), "");
  EXPECT_EQ(b.of(whom, "2001:db8::7"), "");
  EXPECT_EQ(b.of(whom, "192.0.2.8"), "the certificate is for another address");
  EXPECT_EQ(b.of(whom), "the certificate is for another name");
}

/// What the stream says of a certificate that is for somebody else.
std::string mismatch(const test::subject& whom, const std::string& sni) {
  tls_bench b;
  const auto accepting = b.server(b.listen_options(issue(whom, &b.trusted.root)));
  const auto dialling = tls_bench::client(b.dial_options(sni));
  tls_link link(b, *dialling, *accepting);
  link.shake();
  return link.client.mismatch();
}

TEST(TlsClient, TellsTheNameItWantedAndThoseOfTheCertificate) {
  EXPECT_EQ(mismatch({}, "server.test"), "") << "it fits";
  EXPECT_EQ(mismatch({.valid_from_days = -3, .valid_to_days = -1}, "server.test"), "")
      << "something else is wrong with it";
  EXPECT_EQ(
      mismatch({.alternatives = {"DNS:*.a.test", "IP:192.0.2.7", "IP:2001:db8::7"}}, "b.test."),
      "the certificate is for another name: wanted b.test, it has *.a.test, 192.0.2.7, "
      "2001:db8::7");
  EXPECT_EQ(mismatch({.alternatives = {"DNS:a.test"}}, "192.0.2.8"),
            "the certificate is for another address: wanted 192.0.2.8, it has a.test");
  EXPECT_EQ(mismatch({.alternatives = {}}, "b.test"),
            "the certificate is for another name: wanted b.test, it has no names at all "
            "(subjectAltName)");
}

TEST(TlsClient, OfManyNamesAFewAreTold) {
  test::subject whom{.alternatives = {"email:somebody@a.test"}};
  for (int i = 1; i <= 6; ++i) whom.alternatives.push_back("DNS:" + std::to_string(i) + ".test");
  EXPECT_EQ(mismatch(whom, "b.test"),
            "the certificate is for another name: wanted b.test, it has 1.test, 2.test, 3.test, "
            "4.test and 2 more");
}

TEST(TlsClient, ANameOfThePeerBreaksNoLine) {
  EXPECT_EQ(mismatch({.alternatives = {"DNS:a\x01z\"" + std::string(200, 'c')}}, "b.test"),
            "the certificate is for another name: wanted b.test, it has a?z\"" +
                std::string(76, 'c') + "...");
}

TEST(TlsClient, TrustsNobodyItWasNotTold) {
  tls_bench b;
  const test::authority stranger{issue({"stranger.test", {}, key_kind::p256, -1, 1, true})};
  EXPECT_EQ(verdict(b, stranger.server(), b.dial_options()),
            "the certificate comes from an unknown authority");
  const test::authority namesake;
  EXPECT_EQ(verdict(b, namesake.server(), b.dial_options()),
            "the certificate is not signed by the authority it names");
  EXPECT_EQ(verdict(b, issue({}), b.dial_options()), "the certificate is self-signed");
  EXPECT_EQ(verdict(b, b.trusted.server(), {"server.test", {}, false, {}}),
            "the certificate comes from an unknown authority")
      << "the system does not know it";
}

TEST(TlsClient, ACertificateErrorIsToldFromOthers) {
  tls_bench b;
  const auto accepting = b.server(b.listen_options(issue({})));
  const auto dialling = b.client();
  tls_link link(b, *dialling, *accepting);
  ASSERT_FALSE(link.shake());
  EXPECT_TRUE(is_certificate_error(link.client_result.ec));
  EXPECT_FALSE(is_certificate_error(link.server_result.ec));
  EXPECT_EQ(link.server_result.ec.message(), "the peer refused: unknown CA");
}

TEST(TlsClient, InsecureTakesAnything) {
  tls_bench b;
  auto options = b.dial_options("whoever.test");
  options.insecure = true;
  options.ca = "/nowhere";  // not even looked at
  EXPECT_EQ(verdict(b, issue({.valid_from_days = -3, .valid_to_days = -1}), options), "");
}

TEST(TlsClient, TheServersOwnCertificateMayBeTheOneThatIsTrusted) {
  tls_bench b;
  const auto alone = issue({});
  auto options = b.dial_options();
  options.ca = b.files.file("own.pem", alone.pem());
  EXPECT_EQ(verdict(b, alone, options), "");
  const auto signed_one = b.trusted.server();
  options.ca = b.files.file("own.pem", signed_one.pem());
  EXPECT_EQ(verdict(b, signed_one, options), "");
  options.ca = b.files.file("both.der", b.trusted.root.der());
  EXPECT_EQ(verdict(b, signed_one, options), "");
}

TEST(TlsClient, UnusableOptionsAreRefused) {
  tls_bench b;
  const auto refusal = [](const config::tls_dial_options& options) {
    return tls_client::make(options).wrong;
  };
  const auto missing = b.files.path() + "/missing";
  EXPECT_EQ(refusal({"a.test", {}, false, missing}),
            "cannot read the trusted certificates `" + missing + "`: no such file or directory");
  const auto garbage = b.files.file("garbage", "x");
  EXPECT_NE(refusal({"a.test", {}, false, garbage}).find("holds no certificate"),
            std::string::npos);
  EXPECT_NE(refusal({"", {}, false, {}}), "");
  EXPECT_NE(refusal({"a.test", {std::string(256, 'x')}, false, {}}), "");
}

/// What a server sees of a client's greeting.
struct greeting {
  greeting(tls_bench& b, const config::tls_dial_options& options) {
    const auto accepting = b.server();
    const auto dialling = tls_bench::client(options);
    auto handle = accepting->open();
    SSL_CTX_set_client_hello_cb(
        SSL_get_SSL_CTX(handle.get()),
        [](SSL* of, int*, void* into) {
          const unsigned char* bytes = nullptr;
          std::size_t size = 0;
          auto& seen = *static_cast<greeting*>(into);
          seen.has_alpn =
              SSL_client_hello_get0_ext(of, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                        &bytes, &size) == 1;
          if (seen.has_alpn) seen.alpn.assign(reinterpret_cast<const char*>(bytes), size);
          seen.has_name =
              SSL_client_hello_get0_ext(of, TLSEXT_TYPE_server_name, &bytes, &size) == 1;
          seen.has_early_data =
              SSL_client_hello_get0_ext(of, TLSEXT_TYPE_early_data, &bytes, &size) == 1;
          return SSL_CLIENT_HELLO_SUCCESS;
        },
        this);
    tls_link link(b, dialling->open(test::some_remote), std::move(handle));
    done = link.shake();
    if (const char* const sent = SSL_get_servername(link.server_ssl, TLSEXT_NAMETYPE_host_name)) {
      name = sent;
    }
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(link.client_ssl, &chosen, &length);
    selected.assign(reinterpret_cast<const char*>(chosen), length);
  }
  bool done = false, has_alpn = false, has_name = false, has_early_data = false;
  std::string name, alpn, selected;
};

// Spec 9.1: `sni`, `alpn`.
TEST(TlsClient, SendsNamesButNoAddresses) {
  tls_bench b;
  auto options = b.dial_options("server.test.");
  EXPECT_EQ(greeting(b, options).name, "server.test");
  options.sni = "192.0.2.7";
  options.insecure = true;
  const greeting address(b, options);
  EXPECT_TRUE(address.done);
  EXPECT_FALSE(address.has_name);
  EXPECT_FALSE(address.has_early_data);
}

TEST(TlsClient, OffersItsProtocolsInOrderAndLivesWithoutASelection) {
  tls_bench b;
  auto options = b.dial_options();
  EXPECT_FALSE(greeting(b, options).has_alpn);
  options.alpn = {"h2", "", "http/1.1"};
  const greeting seen(b, options);
  EXPECT_TRUE(seen.done) << "our server selects none, and that is fine";
  EXPECT_EQ(seen.alpn, std::string("\0\x0c\x02h2\x08http/1.1", 14));
  EXPECT_EQ(seen.selected, "");
}

}  // namespace
}  // namespace relay::transport
