#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <thread>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using test::issue;
using test::read_from;
using test::tls_bench;
using test::tls_link;
using test::write_to;

struct reloading : tls_bench {
  test::certificate first = trusted.server();
  config::tls_listen_options options = listen_options(first);
  std::shared_ptr<tls_server> accepting = server(options);
  std::shared_ptr<tls_client> dialling = client();
  std::chrono::steady_clock::time_point now{};

  tls_refresh look() { return accepting->refresh(now += 1s); }
  /// Whether a new connection is shown this certificate.
  bool shows(const test::certificate& which) {
    const auto fresh = client();
    tls_link link(*this, *fresh, *accepting);
    EXPECT_TRUE(link.shake()) << link.client_result.ec.message();
    const std::unique_ptr<X509, decltype(&X509_free)> seen(
        SSL_get1_peer_certificate(link.client_ssl), &X509_free);
    return X509_cmp(seen.get(), which.x509.get()) == 0;
  }
  void replace(const test::certificate& by) {
    put("server.pem", by.pem());
    put("server.key", by.key_pem());
  }
  // As a new file: a clock that ticks every few milliseconds may not tell two writes apart.
  void put(const std::string& name, const std::string& text) {
    const auto fresh = files.file(name + ".new", text);
    std::filesystem::rename(fresh, files.path() + "/" + name);
  }
};

TEST(TlsReload, ChangedFilesAreShownToNewConnections) {
  reloading b;
  EXPECT_FALSE(b.look().renewed);
  tls_link live(b, *b.dialling, *b.accepting);
  ASSERT_TRUE(live.shake());
  const auto second = b.trusted.server();
  b.replace(second);
  EXPECT_TRUE(b.shows(b.first)) << "nobody has looked";
  const auto seen = b.look();
  EXPECT_TRUE(seen.renewed);
  EXPECT_EQ(seen.problem, "");
  EXPECT_TRUE(b.shows(second));
  EXPECT_FALSE(b.look().renewed) << "once";
  ASSERT_TRUE(write_to(b, live.client, "a live session is not touched"));
  EXPECT_EQ(read_from(b, live.server, 29), "a live session is not touched");
}

TEST(TlsReload, LooksOnceASecond) {
  reloading b;
  b.look();
  b.replace(b.trusted.server());
  EXPECT_FALSE(b.accepting->refresh(b.now + 999ms).renewed);
  EXPECT_TRUE(b.accepting->refresh(b.now + 1s).renewed);
}

TEST(TlsReload, UnusableFilesAreToldOnceAndTheOldOnesServe) {
  reloading b;
  b.look();
  b.put("server.key", "gone");
  EXPECT_EQ(b.look().problem, "") << "it may be half written; the next look decides";
  EXPECT_NE(b.look().problem.find("holds no key"), std::string::npos);
  EXPECT_EQ(b.look().problem, "");
  EXPECT_TRUE(b.shows(b.first));
  std::filesystem::remove(b.options.key);
  b.look();
  EXPECT_NE(b.look().problem.find("no such file"), std::string::npos) << "another problem";
  b.replace(b.first);
  EXPECT_TRUE(b.look().renewed);
}

TEST(TlsReload, CertificateAndKeyMayChangeOneAfterTheOther) {
  reloading b;
  b.look();
  const auto second = b.trusted.server();
  b.put("server.pem", second.pem());
  const auto between = b.look();
  EXPECT_FALSE(between.renewed);
  EXPECT_EQ(between.problem, "");
  EXPECT_TRUE(b.shows(b.first));
  b.put("server.key", second.key_pem());
  EXPECT_TRUE(b.look().renewed);
  EXPECT_TRUE(b.shows(second));
}

// How certbot and Kubernetes put new files in place.
TEST(TlsReload, ALinkThatLeadsElsewhereIsAChange) {
  reloading b;
  const auto second = b.trusted.server();
  namespace fs = std::filesystem;
  const fs::path folder(b.files.path());
  const auto link = [&](const char* name, const std::string& to) {
    fs::remove(folder / name);
    fs::create_symlink(to, folder / name);
  };
  link("live.pem", b.options.cert);
  link("live.key", b.options.key);
  b.accepting = b.server({(folder / "live.pem").string(), (folder / "live.key").string(), {}, {}});
  b.look();
  const auto next = b.listen_options(second, "next");
  link("live.pem", next.cert);
  link("live.key", next.key);
  EXPECT_TRUE(b.look().renewed);
  EXPECT_TRUE(b.shows(second));
}

TEST(TlsReload, AuthoritiesAreReadAnewAndOldSessionsForgotten) {
  reloading b;
  b.now += 1s;
  tls_link first(b, *b.dialling, *b.accepting);
  ASSERT_TRUE(first.shake());
  ASSERT_TRUE(write_to(b, first.server, "x"));
  ASSERT_EQ(read_from(b, first.client, 1), "x");
  const test::authority other{issue({"other.test", {}, test::key_kind::p256, -1, 1, true})};
  b.put("ca.pem", other.root.pem());
  EXPECT_TRUE(b.dialling->refresh(b.now).renewed);
  tls_link link(b, *b.dialling, *b.accepting);
  EXPECT_FALSE(link.shake()) << "not resumed under rules that are gone";
  EXPECT_EQ(link.client_result.ec.message(), "the certificate comes from an unknown authority");
}

TEST(TlsReload, ASelfSignedServerHasNothingToLookAt) {
  reloading b;
  b.accepting = b.server({{}, {}, "self.test", {}});
  EXPECT_FALSE(b.look().renewed);
}

TEST(TlsReload, WorkersConnectWhileOneOfThemReloads) {
  reloading b;
  std::atomic<bool> stop = false;
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      tls_bench own;
      while (!stop) {
        tls_link link(own, *b.dialling, *b.accepting);
        EXPECT_TRUE(link.shake()) << link.client_result.ec.message();
      }
    });
  }
  int renewed = 0;
  for (int i = 0; i < 20; ++i) {
    b.replace(b.trusted.server());
    renewed += b.look().renewed ? 1 : 0;
    b.dialling->refresh(b.now);
  }
  stop = true;
  for (auto& each : workers) each.join();
  EXPECT_EQ(renewed, 20);
}

}  // namespace
}  // namespace relay::transport
