// What an operator should know of files that can be used.
#include "support/certificates.hpp"
#include "support/scratch_directory.hpp"

#include <relay/transport/tls_inspect.hpp>

#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace relay::transport {
namespace {

using test::issue;
using test::key_kind;

/// An authority with an intermediate, and somewhere to put files.
struct inspected {
  test::scratch_directory files;
  test::certificate root = issue({"root.test", {}, key_kind::p256, -1, 400, true});
  test::certificate between = issue({"between.test", {}, key_kind::p256, -1, 400, true}, &root);
  tls_surroundings with{std::chrono::system_clock::now(), {}};

  static test::certificate leaf(const test::certificate* by, int valid_to_days = 90,
                                int valid_from_days = -1) {
    return issue({"server.test", {}, key_kind::p256, valid_from_days, valid_to_days}, by);
  }
  std::string key(const test::certificate& of) const {
    const auto path = files.file("key.pem", of.key_pem());
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return path;
  }
  /// Each warning as `item: message`.
  std::vector<std::string> said(const config::tls_listen_options& of) const {
    std::vector<std::string> all;
    for (const auto& each : inspect(of, with)) all.push_back(each.item + ": " + each.message);
    return all;
  }
  std::vector<std::string> of_pem(const test::certificate& own, const std::string& pem) const {
    return said({files.file("cert.pem", pem), key(own), {}, {}});
  }
};

bool has(const std::vector<std::string>& all, const std::string& part) {
  return std::ranges::any_of(
      all, [&](const std::string& each) { return each.find(part) != std::string::npos; });
}

TEST(TlsInspect, AWholeChainThatHoldsIsNoWarning) {
  inspected b;
  const auto own = b.leaf(&b.between);
  EXPECT_EQ(b.of_pem(own, own.pem() + b.between.pem()), std::vector<std::string>{});
  EXPECT_EQ(b.of_pem(own, own.pem() + b.between.pem() + b.root.pem()), std::vector<std::string>{});
  const auto alone = issue({"server.test", {}, key_kind::p256, -1, 90});
  EXPECT_EQ(b.of_pem(alone, alone.pem()), std::vector<std::string>{}) << "self-signed";
}

TEST(TlsInspect, ACertificateWithoutItsIssuerIsTold) {
  inspected b;
  const auto own = b.leaf(&b.between);
  const auto seen = b.of_pem(own, own.pem());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(has(seen, "cert: `" + b.files.path() +
                            "/cert.pem` holds a certificate without its "
                            "issuer, /CN=between.test"))
      << seen[0];
  // The right one is not there.
  EXPECT_TRUE(has(b.of_pem(own, own.pem() + b.root.pem()), "without its issuer"));
  // An authority that this configuration trusts somewhere is known.
  b.with.authorities.push_back(b.files.file("ca.pem", b.root.pem() + b.between.pem()));
  EXPECT_EQ(b.of_pem(own, own.pem()), std::vector<std::string>{});
}

TEST(TlsInspect, DatesAreToldOfEachCertificateOfAChain) {
  inspected b;
  const auto soon = b.leaf(&b.between, 3);
  EXPECT_TRUE(
      has(b.of_pem(soon, soon.pem() + b.between.pem()),
          "cert: the certificate `" + b.files.path() + "/cert.pem` expires in 2 days, on "));
  const auto gone = b.leaf(&b.between, -1, -9);
  EXPECT_TRUE(has(b.of_pem(gone, gone.pem() + b.between.pem()), " expired on "));
  const auto later = b.leaf(&b.between, 90, 2);
  EXPECT_TRUE(has(b.of_pem(later, later.pem() + b.between.pem()), " is not valid before "));
  b.with.now += std::chrono::hours(24 * 395);
  const auto own = b.leaf(&b.between, 800);
  EXPECT_TRUE(has(b.of_pem(own, own.pem() + b.between.pem()),
                  "the certificate of the authority /CN=between.test expires in "));
}

TEST(TlsInspect, AKeyThatEverybodyCanReadIsTold) {
  inspected b;
  const auto own = issue({"server.test", {}, key_kind::p256, -1, 90});
  const auto key = b.key(own);
  const config::tls_listen_options options{b.files.file("c", own.pem()), key, {}, {}};
  EXPECT_EQ(b.said(options), std::vector<std::string>{});
  std::filesystem::permissions(key, std::filesystem::perms(0640));
  EXPECT_EQ(b.said(options), std::vector<std::string>{});
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  EXPECT_EQ(b.said(options),
            std::vector<std::string>{"key: the key `" + key +
                                     "` can be read by every user of this machine"});
}

TEST(TlsInspect, AuthoritiesOfClientsAreLookedAtToo) {
  inspected b;
  const auto old = issue({"old.test", {}, key_kind::p256, -9, -1, true});
  config::tls_listen_options options{{}, {}, "a.test", {}, b.files.file("ca", old.pem())};
  EXPECT_TRUE(has(b.said(options), "client_ca: the authority in `"));
  options.client_ca = b.files.file("ca", old.pem() + b.root.pem());
  EXPECT_EQ(b.said(options), std::vector<std::string>{}) << "its successor is there";
}

/// That `whom` has not been revoked, in DER.
std::string response_of(const test::certificate& whom, const test::certificate& by,
                        std::chrono::system_clock::time_point until) {
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(OCSP_BASICRESP_new(),
                                                                              &OCSP_BASICRESP_free);
  auto* const id = OCSP_cert_to_id(nullptr, whom.x509.get(), by.x509.get());
  const auto at = [](std::chrono::system_clock::time_point when) {
    return std::shared_ptr<ASN1_TIME>(
        ASN1_GENERALIZEDTIME_set(nullptr, std::chrono::system_clock::to_time_t(when)),
        &ASN1_GENERALIZEDTIME_free);
  };
  OCSP_basic_add1_status(basic.get(), id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr,
                         at(until - std::chrono::hours(24)).get(), at(until).get());
  OCSP_CERTID_free(id);
  OCSP_basic_sign(basic.get(), by.x509.get(), by.key.get(), EVP_sha256(), nullptr, 0);
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> made(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()), &OCSP_RESPONSE_free);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(made.get(), &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return text;
}

TEST(TlsInspect, AResponseThatHasExpiredIsTold) {
  inspected b;
  const auto own = b.leaf(&b.root);
  const auto with = [&](std::chrono::hours left) {
    const auto der = response_of(own, b.root, b.with.now + left);
    return b.said({{}, {}, "a.test", b.files.file("ocsp.der", der)});
  };
  EXPECT_EQ(with(std::chrono::hours(1)), std::vector<std::string>{}) << "they live for days only";
  EXPECT_TRUE(has(with(std::chrono::hours(-1)),
                  "ocsp: the OCSP response `" + b.files.path() + "/ocsp.der` expired on "));
  EXPECT_EQ(b.said({{}, {}, "a.test", b.files.file("ocsp.der", test::ocsp_response())}),
            std::vector<std::string>{});
}

TEST(TlsInspect, ASystemWithoutAuthoritiesIsTold) {
  inspected b;
  ::setenv("SSL_CERT_FILE", "/nonexistent/cert.pem", 1);
  ::setenv("SSL_CERT_DIR", b.files.path().c_str(), 1);
  b.files.file("README", "no certificate");
  EXPECT_FALSE(system_has_authorities());
  const auto seen = inspect(config::tls_dial_options{"a.test", {}, false, {}}, b.with);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].item, "tls");
  EXPECT_NE(seen[0].hint.find("ca-certificates"), std::string::npos);
  EXPECT_TRUE(inspect(config::tls_dial_options{"a.test", {}, true, {}}, b.with).empty());
  const auto ca = b.files.file("ca.pem", b.root.pem());
  EXPECT_TRUE(inspect(config::tls_dial_options{"a.test", {}, false, ca}, b.with).empty());
  b.files.file("0123abcd.0", b.root.pem());
  EXPECT_TRUE(system_has_authorities());
  ::unsetenv("SSL_CERT_FILE");
  ::unsetenv("SSL_CERT_DIR");
}

}  // namespace
}  // namespace relay::transport
