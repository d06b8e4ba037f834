#include "tls_trust.hpp"

#include "tls_rules.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace relay::transport {
namespace {

// A session may be resumed over and over, and nothing of the certificate is looked at then.
SSL_TICKET_RETURN look_at_peer(SSL* /*of*/, SSL_SESSION* session, const unsigned char* /*key*/,
                               std::size_t /*key_bytes*/, SSL_TICKET_STATUS status,
                               void* /*unused*/) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  if (!is_still_valid(SSL_SESSION_get0_peer(session))) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

std::string text_of(BIO* from) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(from, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

std::string show_identity(SSL_CTX* to, const tls_identity& who, const std::string& cert) {
  bool accepted = SSL_CTX_use_certificate(to, who.certificate.get()) == 1 &&
                  SSL_CTX_use_PrivateKey(to, who.key.get()) == 1;
  for (const auto& each : who.chain) {
    accepted = accepted && SSL_CTX_add1_chain_cert(to, each.get()) == 1;
  }
  return accepted ? std::string()
                  : "the certificate `" + cert + "` cannot be used: " + openssl_says();
}

std::string trust_file(SSL_CTX* to, const std::string& path, const char* what) {
  auto trusted = read_certificates(path, what);
  if (!trusted) return std::move(trusted.wrong);
  auto* const store = SSL_CTX_get_cert_store(to);
  for (const auto& each : **trusted) {
    if (X509_STORE_add_cert(store, each.get()) != 1) return openssl_says();
  }
  // Who names a certificate trusts it, whether it is a root, an intermediate, or the peer's own.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

std::string demand_certificates(SSL_CTX* to, const std::string& path) {
  constexpr const char* what = "the authorities of clients";
  auto wrong = trust_file(to, path, what);
  if (!wrong.empty()) return wrong;
  // Their names go to the client, which may have several certificates to choose from.
  const auto named = read_certificates(path, what);
  if (!named) return named.wrong;
  for (const auto& each : **named) {
    if (SSL_CTX_add_client_CA(to, each.get()) != 1) return openssl_says();
  }
  SSL_CTX_set_verify(to, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  std::array<unsigned char, 16> noise{};  // OpenSSL resumes nothing without, where it verifies
  const bool accepted = RAND_bytes(noise.data(), noise.size()) == 1 &&
                        SSL_CTX_set_session_id_context(to, noise.data(), noise.size()) == 1 &&
                        SSL_CTX_set_session_ticket_cb(to, nullptr, &look_at_peer, nullptr) == 1;
  return accepted ? std::string() : openssl_says();
}

bool is_still_valid(const X509* certificate) {
  return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

std::string peer_name(const SSL* of) {
  const X509* const shown = SSL_get0_peer_certificate(of);
  if (shown == nullptr) return {};
  const bio_ptr into(BIO_new(BIO_s_mem()));
  if (!into) return {};
  // Everything that could end a line is escaped.
  X509_NAME_print_ex(into.get(), X509_get_subject_name(shown), 0, XN_FLAG_RFC2253);
  auto name = text_of(into.get());
  ERR_clear_error();
  return name.empty() ? "a certificate without a subject" : name;
}

}  // namespace relay::transport
