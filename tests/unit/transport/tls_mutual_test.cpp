// Clients that have to show a certificate: `client_ca` here, `client_cert` and `client_key` there.
#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using test::issue;
using test::key_kind;
using test::read_from;
using test::tls_bench;
using test::tls_link;
using test::write_to;

test::certificate new_authority(const std::string& name) {
  return issue({name, {}, key_kind::p256, -1, 1, true});
}

struct mutual : tls_bench {
  test::certificate near_root = new_authority("near.root");
  std::string near_ca = files.file("near.ca", near_root.pem());
  config::tls_listen_options demanding = listen_options(trusted.server());
  std::shared_ptr<tls_server> accepting;
  std::chrono::steady_clock::time_point now{};

  mutual() {
    demanding.client_ca = near_ca;
    accepting = server(demanding);
  }
  test::certificate relay(const std::string& name = "near.test", int valid_to_days = 1) const {
    return issue({name, {"DNS:" + name}, key_kind::p256, -2, valid_to_days}, &near_root);
  }
  config::tls_dial_options showing(const test::certificate& what) const {
    auto made = dial_options();
    made.client_cert = files.file("client.pem", what.pem());
    made.client_key = files.file("client.key", what.key_pem());
    return made;
  }

  /// What both sides say of a connection, of which the client speaks first and the server answers.
  struct outcome {
    bool is_served = false, was_resumed = false;
    std::string client, server, name;
  };
  outcome meet(const tls_client& dialling, int version = TLS1_3_VERSION) {
    auto handle = dialling.open(test::some_remote);
    SSL_set_max_proto_version(handle.get(), version);
    tls_link link(*this, std::move(handle), accepting->open());
    outcome made;
    link.shake();
    made.server = link.server_result.what == io::failed ? link.server_result.ec.message() : "";
    made.client = link.client_result.what == io::failed ? link.client_result.ec.message() : "";
    if (made.server.empty()) {
      made.is_served = write_to(*this, link.server, "x") && read_from(*this, link.client, 1) == "x";
      made.was_resumed = link.server.was_resumed();
      made.name = link.server.peer_name();
    } else if (made.client.empty()) {  // in TLS 1.3 a client hears of it when it reads
      io_result last;
      read_from(*this, link.client, 0, &last);
      made.client = last.ec.message();
    }
    return made;
  }
  outcome meet(const config::tls_dial_options& options, int version = TLS1_3_VERSION) {
    return meet(*client(options), version);
  }
  void replace(const std::string& path, const std::string& text) const {
    const auto fresh = files.file("fresh", text);
    std::filesystem::rename(fresh, path);
  }
};

TEST(TlsMutual, AClientThatTheAuthorityVouchesForIsServed) {
  mutual b;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto seen = b.meet(b.showing(b.relay()), version);
    EXPECT_TRUE(seen.is_served) << seen.client << " / " << seen.server;
    EXPECT_EQ(seen.name, "CN=near.test");
  }
  EXPECT_TRUE(b.accepting->verifies());
  EXPECT_FALSE(b.server()->verifies());
}

TEST(TlsMutual, AClientWithoutACertificateIsRefusedAndBothSidesSayWhy) {
  mutual b;
  const auto newer = b.meet(b.dial_options());
  EXPECT_FALSE(newer.is_served);
  EXPECT_EQ(newer.server, "the client sent no certificate");
  EXPECT_EQ(newer.client, "the peer refused: certificate required");
  const auto older = b.meet(b.dial_options(), TLS1_2_VERSION);
  EXPECT_EQ(older.server, "the client sent no certificate");
  EXPECT_EQ(older.client, "the peer refused: handshake failure");
}

TEST(TlsMutual, CertificatesOfOthersAreRefused) {
  mutual b;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto stranger = b.meet(b.showing(b.trusted.server()), version);
    EXPECT_EQ(stranger.server, "the certificate comes from an unknown authority");
    EXPECT_EQ(stranger.client, "the peer refused: unknown CA");
    EXPECT_EQ(b.meet(b.showing(issue({})), version).server, "the certificate is self-signed");
    EXPECT_EQ(b.meet(b.showing(b.relay("late.test", -1)), version).server,
              "the certificate has expired");
  }
}

TEST(TlsMutual, OneClientAloneMayBeNamed) {
  mutual b;
  const auto one = b.relay("one.test");
  b.demanding.client_ca = b.files.file("one.ca", one.pem());
  b.accepting = b.server(b.demanding);
  EXPECT_TRUE(b.meet(b.showing(one)).is_served);
  EXPECT_FALSE(b.meet(b.showing(b.relay("two.test"))).is_served);
}

TEST(TlsMutual, AChainIsShownWhole) {
  mutual b;
  const auto between = issue({"between.test", {}, key_kind::p256, -1, 1, true}, &b.near_root);
  const auto own = issue({"near.test"}, &between);
  auto options = b.showing(own);
  EXPECT_FALSE(b.meet(options).is_served);
  options.client_cert = b.files.file("chain.pem", own.pem() + between.pem());
  EXPECT_TRUE(b.meet(options).is_served);
}

TEST(TlsMutual, ACertificateThatNobodyAsksForIsNotShown) {
  mutual b;
  b.accepting = b.server();
  const auto seen = b.meet(b.showing(b.relay()));
  EXPECT_TRUE(seen.is_served);
  EXPECT_EQ(seen.name, "");
}

TEST(TlsMutual, WhoWasVerifiedIsResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    mutual b;
    const auto dialling = b.client(b.showing(b.relay()));
    EXPECT_FALSE(b.meet(*dialling, version).was_resumed);
    for (int i = 0; i < 3; ++i) {
      const auto again = b.meet(*dialling, version);
      EXPECT_TRUE(again.is_served && again.was_resumed) << again.client << again.server;
      EXPECT_EQ(again.name, "CN=near.test") << "who it was is part of the session";
    }
  }
}

TEST(TlsMutual, ASessionOfOtherAuthoritiesIsNotResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    mutual b;
    const auto dialling = b.client(b.showing(b.relay()));
    EXPECT_TRUE(b.meet(*dialling, version).is_served);
    EXPECT_FALSE(b.accepting->refresh(b.now += 1s).renewed);
    b.replace(b.near_ca, new_authority("other.root").pem());
    EXPECT_TRUE(b.accepting->refresh(b.now += 1s).renewed);
    const auto seen = b.meet(*dialling, version);
    EXPECT_FALSE(seen.is_served);
    EXPECT_EQ(seen.server, "the certificate comes from an unknown authority");
  }
}

TEST(TlsMutual, ASessionOfAnEndpointThatVerifiesNobodyOpensNoOther) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    mutual b;
    const auto strict = b.accepting;
    const auto dialling = b.client(b.dial_options());
    b.accepting = b.server();
    EXPECT_TRUE(b.meet(*dialling, version).is_served);
    EXPECT_TRUE(b.meet(*dialling, version).was_resumed);
    b.accepting = strict;
    EXPECT_EQ(b.meet(*dialling, version).server, "the client sent no certificate");
  }
}

int accept_anybody(X509_STORE_CTX* of, void* /*unused*/) {
  X509_STORE_CTX_set_error(of, X509_V_OK);
  return 1;
}

// As if time had passed: what was verified when the session began has expired since.
TEST(TlsMutual, ASessionDoesNotOutliveTheCertificateThatWasShown) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    mutual b;
    const auto dialling = b.client(b.showing(b.relay("late.test", -1)));
    auto* const context = SSL_get_SSL_CTX(b.accepting->open().get());
    SSL_CTX_set_cert_verify_callback(context, &accept_anybody, nullptr);
    EXPECT_TRUE(b.meet(*dialling, version).is_served);
    const auto again = b.meet(*dialling, version);
    EXPECT_TRUE(again.is_served) << "shown, and accepted once more";
    EXPECT_FALSE(again.was_resumed);
    SSL_CTX_set_cert_verify_callback(context, nullptr, nullptr);
    EXPECT_EQ(b.meet(*dialling, version).server, "the certificate has expired");
  }
}

TEST(TlsMutual, NorTheServersCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_bench b;
    const auto old = issue({.valid_from_days = -3, .valid_to_days = -1}, &b.trusted.root);
    const auto accepting = b.server(b.listen_options(old));
    const auto dialling = b.client();
    auto* const context = SSL_get_SSL_CTX(dialling->open(test::some_remote).get());
    SSL_CTX_set_cert_verify_callback(context, &accept_anybody, nullptr);
    for (int i = 0; i < 2; ++i) {
      auto handle = dialling->open(test::some_remote);
      SSL_set_max_proto_version(handle.get(), version);
      tls_link link(b, std::move(handle), accepting->open());
      ASSERT_TRUE(link.shake());
      ASSERT_TRUE(write_to(b, link.server, "x"));
      EXPECT_EQ(read_from(b, link.client, 1), "x");
      EXPECT_FALSE(link.client.was_resumed());
    }
    SSL_CTX_set_cert_verify_callback(context, nullptr, nullptr);
    tls_link link(b, dialling->open(test::some_remote), accepting->open());
    EXPECT_FALSE(link.shake());
    EXPECT_EQ(link.client_result.ec.message(), "the certificate has expired");
  }
}

TEST(TlsMutual, FilesOfEitherSideAreReadAnew) {
  mutual b;
  const auto options = b.showing(b.trusted.server());
  const auto dialling = b.client(options);
  EXPECT_FALSE(b.meet(*dialling).is_served);
  const auto right = b.relay();
  b.replace(options.client_cert, right.pem());
  b.replace(options.client_key, right.key_pem());
  EXPECT_TRUE(dialling->refresh(b.now += 1s).renewed);
  EXPECT_TRUE(b.meet(*dialling).is_served);
}

TEST(TlsMutual, UnusableFilesAreRefused) {
  mutual b;
  auto options = b.showing(b.relay());
  options.client_key = b.files.file("other.key", b.relay().key_pem());
  EXPECT_NE(tls_client::make(options).wrong.find("does not belong to the certificate"),
            std::string::npos);
  b.demanding.client_ca = b.files.path() + "/missing";
  EXPECT_EQ(tls_server::make(b.demanding, b.self_signed).wrong,
            "cannot read the authorities of clients `" + b.demanding.client_ca +
                "`: no such file or directory");
}

}  // namespace
}  // namespace relay::transport
