#include "tls_identity.hpp"

#include <relay/base/ip.hpp>
#include <relay/transport/tls_context.hpp>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace relay::transport {
namespace {

using bignum_ptr = std::unique_ptr<BIGNUM, freed_by<&BN_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<&GENERAL_NAMES_free>>;
using string_ptr = std::unique_ptr<ASN1_STRING, freed_by<&ASN1_STRING_free>>;

bool set_serial(X509* to) {
  const bignum_ptr number(BN_new());
  // 159 bits: positive, and never longer than the 20 bytes that are allowed.
  return number && BN_rand(number.get(), 159, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(to)) != nullptr;
}

bool set_subject(X509* to) {
  static constexpr unsigned char common_name[] = "rcgen self signed cert";  // spec 9.1
  auto* const subject = X509_get_subject_name(to);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(to, subject) == 1;
}

// An address stands as an address, since a name that looks like one is never compared with it.
bool set_name(X509* to, const std::string& name) {
  const auto address = ip_address::parse(name);
  string_ptr text(ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING));
  const void* bytes = name.data();
  std::size_t size = name.size();
  if (address) {
    bytes = address->bytes().data();
    size = address->bytes().size();
  }
  if (!text || ASN1_STRING_set(text.get(), bytes, static_cast<int>(size)) != 1) return false;
  const names_ptr names(sk_GENERAL_NAME_new_null());
  auto* const entry = GENERAL_NAME_new();
  if (!names || entry == nullptr || sk_GENERAL_NAME_push(names.get(), entry) == 0) return false;
  GENERAL_NAME_set0_value(entry, address ? GEN_IPADD : GEN_DNS, text.release());
  return X509_add1_ext_i2d(to, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool set_validity(X509* to) {
  return ASN1_TIME_set_string_X509(X509_getm_notBefore(to), "19750101000000Z") == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notAfter(to), "40960101000000Z") == 1;
}

}  // namespace

std::shared_ptr<const tls_identity> make_self_signed(const std::string& name) {
  auto made = std::make_shared<tls_identity>();
  made->key.reset(EVP_EC_gen("P-256"));
  made->certificate.reset(X509_new());
  auto* const to = made->certificate.get();
  const bool complete = made->key && to != nullptr && X509_set_version(to, X509_VERSION_3) == 1 &&
                        set_serial(to) && set_subject(to) && set_validity(to) &&
                        set_name(to, name) && X509_set_pubkey(to, made->key.get()) == 1 &&
                        X509_sign(to, made->key.get(), EVP_sha256()) > 0;
  ERR_clear_error();
  if (!complete) return nullptr;
  return made;
}

std::shared_ptr<const tls_identity> self_signed_certificates::of(const std::string& name) {
  const std::lock_guard only(mutex_);
  auto& known = made_[name];
  if (!known) known = make_self_signed(name);
  return known;
}

}  // namespace relay::transport
