#include "certificates.hpp"

#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace relay::test {
namespace {

void expect(bool all_well) {
  if (!all_well) throw std::runtime_error("OpenSSL makes no certificate");
}

template <class Write>
std::string written(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> to(BIO_new(BIO_s_mem()), &BIO_free);
  expect(write(to.get()) == 1);
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(to.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::shared_ptr<EVP_PKEY> make_key(key_kind kind) {
  EVP_PKEY* made = nullptr;
  switch (kind) {
    case key_kind::p256:
      made = EVP_EC_gen("P-256");
      break;
    case key_kind::p384:
      made = EVP_EC_gen("P-384");
      break;
    case key_kind::rsa2048:
      made = EVP_RSA_gen(2048);
      break;
    case key_kind::rsa1024:
      made = EVP_RSA_gen(1024);
      break;
    case key_kind::ed25519:
      made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  expect(made != nullptr);
  return {made, &EVP_PKEY_free};
}

void extend(X509* to, X509* by, int what, const std::string& text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, to, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> made(
      X509V3_EXT_conf_nid(nullptr, &context, what, text.c_str()), &X509_EXTENSION_free);
  expect(made != nullptr && X509_add_ext(to, made.get(), -1) == 1);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string made;
  for (const auto& each : parts) made += (made.empty() ? "" : ",") + each;
  return made;
}

}  // namespace

certificate issue(const subject& whom, const certificate* by) {
  static std::atomic<long> serial{1};
  certificate made{{X509_new(), &X509_free}, make_key(whom.key)};
  auto* const to = made.x509.get();
  const auto& signer = by != nullptr ? *by : made;
  expect(X509_set_version(to, X509_VERSION_3) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(to), serial++);
  X509_gmtime_adj(X509_getm_notBefore(to), whom.valid_from_days * 86400L);
  X509_gmtime_adj(X509_getm_notAfter(to), whom.valid_to_days * 86400L);
  const auto* const name = reinterpret_cast<const unsigned char*>(whom.name.c_str());
  expect(X509_NAME_add_entry_by_txt(X509_get_subject_name(to), "CN", MBSTRING_UTF8, name, -1, -1,
                                    0) == 1);
  expect(X509_set_issuer_name(to, X509_get_subject_name(signer.x509.get())) == 1);
  expect(X509_set_pubkey(to, made.key.get()) == 1);
  if (whom.is_authority) extend(to, signer.x509.get(), NID_basic_constraints, "critical,CA:TRUE");
  if (!whom.alternatives.empty()) {
    extend(to, signer.x509.get(), NID_subject_alt_name, joined(whom.alternatives));
  }
  const bool digests = EVP_PKEY_get_id(signer.key.get()) != EVP_PKEY_ED25519;
  expect(X509_sign(to, signer.key.get(), digests ? EVP_sha256() : nullptr) > 0);
  return made;
}

std::string certificate::pem() const {
  return written([&](BIO* to) { return PEM_write_bio_X509(to, x509.get()); });
}

std::string certificate::der() const {
  return written([&](BIO* to) { return i2d_X509_bio(to, x509.get()); });
}

std::string certificate::key_pem() const {
  return written([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string certificate::key_der() const {
  return written([&](BIO* to) {
    return i2d_PKCS8PrivateKey_bio(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string certificate::key_traditional_pem() const {
  return written([&](BIO* to) {
    return PEM_write_bio_PrivateKey_traditional(to, key.get(), nullptr, nullptr, 0, nullptr,
                                                nullptr);
  });
}

std::string certificate::key_encrypted_pem() const {
  char phrase[] = "secret";
  return written([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, key.get(), EVP_aes_128_cbc(), phrase, 6, nullptr,
                                         nullptr);
  });
}

std::string ocsp_response() {
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> made(
      OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr), &OCSP_RESPONSE_free);
  return written([&](BIO* to) { return i2d_OCSP_RESPONSE_bio(to, made.get()); });
}

}  // namespace relay::test
