#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>

namespace relay::transport {
namespace {

using test::issue;
using test::key_kind;
using test::tls_bench;
using test::tls_link;

/// Whether a server with these files can be talked to.
bool serves(tls_bench& b, const std::string& cert, const std::string& key, int version) {
  const auto accepting = b.server({cert, key, {}, {}});
  const auto dialling = b.client();
  auto handle = dialling->open(test::some_remote);
  SSL_set_max_proto_version(handle.get(), version);
  tls_link link(b, std::move(handle), accepting->open());
  return link.shake();
}

std::string refusal(tls_bench& b, const std::string& cert, const std::string& key) {
  const auto made = tls_server::make({cert, key, {}, {}}, b.self_signed);
  return made ? "" : made.wrong;
}

// Spec 9.1: the kinds of `cert` and `key`.
TEST(TlsCertificates, EveryKindOfKeyInEveryFormServesInBothVersions) {
  tls_bench b;
  for (const auto kind : {key_kind::p256, key_kind::p384, key_kind::rsa2048, key_kind::ed25519}) {
    const auto made = issue({.key = kind}, &b.trusted.root);
    std::vector<std::pair<std::string, std::string>> forms{{made.pem(), made.key_pem()},
                                                           {made.der(), made.key_der()}};
    if (kind != key_kind::ed25519) forms.emplace_back(made.pem(), made.key_traditional_pem());
    for (std::size_t i = 0; i < forms.size(); ++i) {
      const auto cert = b.files.file("cert", forms[i].first);
      const auto key = b.files.file("key", forms[i].second);
      EXPECT_TRUE(serves(b, cert, key, TLS1_3_VERSION)) << static_cast<int>(kind) << " form " << i;
      EXPECT_TRUE(serves(b, cert, key, TLS1_2_VERSION)) << static_cast<int>(kind) << " form " << i;
    }
  }
}

TEST(TlsCertificates, TextAroundThePemAndBothInOneFileAreFine) {
  tls_bench b;
  const auto made = b.trusted.server();
  const auto both = b.files.file("both", "Subject: us\n" + made.key_pem() + "\n" + made.pem());
  EXPECT_TRUE(serves(b, both, both, TLS1_3_VERSION));
}

TEST(TlsCertificates, AChainIsSentWhole) {
  tls_bench b;
  const auto between = issue({"between.test", {}, key_kind::p256, -1, 1, true}, &b.trusted.root);
  const auto made = issue({}, &between);
  const auto key = b.files.file("key", made.key_pem());
  EXPECT_TRUE(serves(b, b.files.file("chain", made.pem() + between.pem()), key, TLS1_3_VERSION));
  EXPECT_FALSE(serves(b, b.files.file("alone", made.pem()), key, TLS1_3_VERSION));
  EXPECT_NE(refusal(b, b.files.file("turned", between.pem() + made.pem()), key)
                .find("the server's own must be the first"),
            std::string::npos);
}

TEST(TlsCertificates, AKeyOfAnotherCertificateNamesBothFiles) {
  tls_bench b;
  const auto cert = b.files.file("a.pem", b.trusted.server().pem());
  const auto key = b.files.file("b.key", b.trusted.server().key_pem());
  EXPECT_EQ(refusal(b, cert, key),
            "the key `" + key + "` does not belong to the certificate `" + cert + "`");
}

TEST(TlsCertificates, UnusableFilesAreRefusedWithWhatWouldBeRight) {
  tls_bench b;
  const auto made = b.trusted.server();
  const auto cert = b.files.file("good.pem", made.pem());
  const auto key = b.files.file("good.key", made.key_pem());
  const auto garbage = b.files.file("garbage", "nothing of the kind");
  const auto missing = b.files.path() + "/missing";
  EXPECT_EQ(refusal(b, missing, key),
            "cannot read the certificate `" + missing + "`: no such file or directory");
  EXPECT_EQ(refusal(b, cert, missing),
            "cannot read the key `" + missing + "`: no such file or directory");
  EXPECT_EQ(refusal(b, b.files.path(), key),
            "cannot read the certificate `" + b.files.path() + "`: not a regular file");
  EXPECT_EQ(
      refusal(b, garbage, key),
      "`" + garbage + "` holds no certificate; a chain in PEM, or a single one in DER, is wanted");
  EXPECT_EQ(refusal(b, cert, garbage),
            "`" + garbage + "` holds no key; PEM (PKCS#8, PKCS#1, SEC1) or DER PKCS#8 is wanted");
  EXPECT_EQ(refusal(b, cert, b.files.file("empty", "")).substr(0, 1), "`");
  EXPECT_EQ(refusal(b, key, key), "`" + key +
                                      "` holds no certificate; a chain in PEM, or a single "
                                      "one in DER, is wanted");
  const auto cut = b.files.file("cut.pem", made.pem() + made.pem().substr(0, 200));
  EXPECT_EQ(refusal(b, cut, key),
            "certificate 2 of `" + cut + "` cannot be read: its PEM text is damaged");
  const auto encrypted = b.files.file("encrypted.key", made.key_encrypted_pem());
  EXPECT_NE(refusal(b, cert, encrypted).find("is encrypted"), std::string::npos);
  const auto weak = issue({.key = key_kind::rsa1024}, &b.trusted.root);
  const auto short_cert = b.files.file("weak.pem", weak.pem());
  EXPECT_EQ(refusal(b, short_cert, b.files.file("weak.key", weak.key_pem())),
            "the certificate `" + short_cert + "` cannot be used: ee key too small");
}

TEST(TlsCertificates, NoKeyIsEverInAMessage) {
  tls_bench b;
  const auto made = b.trusted.server();
  const auto secret = made.key_pem().substr(60, 20);
  const auto cut = b.files.file("cut.key", made.key_pem().substr(0, 120));
  EXPECT_EQ(refusal(b, b.files.file("c", made.pem()), cut).find(secret), std::string::npos);
}

// Spec 9.1 and 9.3: `servername`.
struct shown {
  explicit shown(tls_bench& b, const std::string& name) {
    const auto accepting = b.server({{}, {}, name, {}});
    const auto dialling = tls_bench::client({name, {}, true, {}});
    tls_link link(b, *dialling, *accepting);
    done = link.shake();
    certificate.reset(SSL_get1_peer_certificate(link.client_ssl), &X509_free);
  }
  bool done = false;
  std::shared_ptr<X509> certificate;
};

TEST(TlsCertificates, ASelfSignedOneIsAsTheReferenceMakesIt) {
  tls_bench b;
  const shown name(b, "self.test");
  ASSERT_TRUE(name.done);
  auto* const made = name.certificate.get();
  char common_name[100] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(made), NID_commonName, common_name, 100);
  EXPECT_STREQ(common_name, "rcgen self signed cert");
  EXPECT_EQ(X509_check_host(made, "self.test", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr), 1);
  EXPECT_EQ(X509_check_host(made, "other.test", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_get0_pubkey(made) != nullptr ? EVP_PKEY_get_bits(X509_get0_pubkey(made)) : 0, 256);
  tm from{};
  tm to{};
  ASN1_TIME_to_tm(X509_get0_notBefore(made), &from);
  ASN1_TIME_to_tm(X509_get0_notAfter(made), &to);
  EXPECT_EQ(from.tm_year + 1900, 1975);
  EXPECT_EQ(to.tm_year + 1900, 4096);
  EXPECT_EQ(X509_self_signed(made, 1), 1);
}

TEST(TlsCertificates, ASelfSignedOneForAnAddressHoldsTheAddress) {
  tls_bench b;
  for (const auto* const name : {"192.0.2.7", "2001:db8::7"}) {
    const shown address(b, name);
    ASSERT_TRUE(address.done);
    EXPECT_EQ(X509_check_ip_asc(address.certificate.get(), name, 0), 1);
  }
}

TEST(TlsCertificates, EqualNamesShareACertificate) {
  tls_bench b;
  EXPECT_EQ(b.self_signed.of("a.test"), b.self_signed.of("a.test"));
  EXPECT_NE(b.self_signed.of("a.test"), b.self_signed.of("b.test"));
  EXPECT_EQ(X509_cmp(shown(b, "a.test").certificate.get(), shown(b, "a.test").certificate.get()),
            0);
}

TEST(TlsCertificates, FilesTakePrecedenceOverServername) {
  tls_bench b;
  auto options = b.listen_options(b.trusted.server());
  options.servername = "other.test";
  const auto accepting = b.server(options);
  const auto dialling = b.client();
  tls_link link(b, *dialling, *accepting);
  EXPECT_TRUE(link.shake()) << link.client_result.ec.message();
}

}  // namespace
}  // namespace relay::transport
