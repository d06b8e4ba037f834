#include "ticket_keys.hpp"

#include "tls_rules.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace relay::transport {
namespace {

bool fill(ticket_key& into) {
  const auto noise = [](auto& bytes) {
    return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
  };
  return RAND_bytes(into.name.data(), static_cast<int>(into.name.size())) == 1 &&
         noise(into.cipher) && noise(into.mac);
}

bool set_mac(EVP_MAC_CTX* mac, ticket_key& by) {
  char digest[] = "SHA256";
  const OSSL_PARAM wanted[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, by.mac.data(), by.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, wanted) == 1;
}

// 0: no ticket is sent, or the one that was shown is none of ours; 1: go on; 2: go on, and send the
// client another one.
int use_ticket_key(SSL* of, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int seals) {
  auto* const keys = static_cast<ticket_keys*>(attached(SSL_get_SSL_CTX(of), attachment::tickets));
  const auto now = std::chrono::steady_clock::now();
  if (seals != 0) {
    auto by = keys->newest(now);
    if (!by || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return 0;
    std::ranges::copy(by->name, name);
    return EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, by->cipher.data(), iv) == 1 &&
                   set_mac(mac, *by)
               ? 1
               : 0;
  }
  auto by = keys->find(std::span<const unsigned char, 16>(name, 16), now);
  if (!by) return 0;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, by->key.cipher.data(), iv) != 1 ||
      !set_mac(mac, by->key)) {
    return 0;
  }
  // In TLS 1.3 a ticket is for one use.
  return by->is_newest && SSL_version(of) < TLS1_3_VERSION ? 1 : 2;
}

}  // namespace

ticket_key::~ticket_key() { OPENSSL_cleanse(this, sizeof *this); }

std::optional<ticket_key> ticket_keys::newest(time_point now) {
  const std::lock_guard only(mutex_);
  forget_old(now);
  if (!newest_ || now - since_ >= period) {
    ticket_key made;
    if (!make_(made)) return newest_;  // rather an old one than none
    if (newest_) previous_ = newest_;
    newest_ = made;
    since_ = now;
  }
  return newest_;
}

std::optional<ticket_keys::found> ticket_keys::find(std::span<const unsigned char, 16> name,
                                                    time_point now) {
  const std::lock_guard only(mutex_);
  forget_old(now);
  if (newest_ && std::ranges::equal(newest_->name, name))
    return found{*newest_, now - since_ < period};
  if (previous_ && std::ranges::equal(previous_->name, name)) return found{*previous_, false};
  return std::nullopt;
}

// What a key has sealed can be used for `lifetime` after it was replaced.
void ticket_keys::forget_old(time_point now) {
  if (previous_ && now - since_ >= lifetime) previous_.reset();
  if (newest_ && now - since_ >= period + lifetime) newest_.reset();
}

std::string set_ticket_keys(SSL_CTX* to) {
  SSL_CTX_set_timeout(to, std::chrono::seconds(ticket_keys::lifetime).count());
  const bool accepted = attach(to, attachment::tickets, std::make_shared<ticket_keys>(&fill)) &&
                        SSL_CTX_set_tlsext_ticket_key_evp_cb(to, &use_ticket_key) == 1;
  return accepted ? std::string() : openssl_says();
}

}  // namespace relay::transport
