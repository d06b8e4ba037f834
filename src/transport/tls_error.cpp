#include <relay/transport/tls_error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string>

namespace relay::transport {
namespace {

// Positive values are OpenSSL's packed codes, negative ones results of a verification.
std::string verification(int result) {
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return "the certificate is for another name";
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is for another address";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate is not valid yet";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the certificate comes from an unknown authority";
    case X509_V_ERR_INVALID_PURPOSE:
      return "the certificate is not meant for this side (extendedKeyUsage)";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the certificate is not signed by the authority it names";
    default:
      return std::string("the certificate was refused: ") + X509_verify_cert_error_string(result);
  }
}

// Some have no words in OpenSSL 3.0.
std::string alert(int number) {
  switch (number) {
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "the peer refused: certificate required";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "the peer refused: none of the protocols in `alpn`";
    default:
      return std::string("the peer refused: ") + SSL_alert_desc_string_long(number);
  }
}

// Two lists of OpenSSL number what an alert can say: its own, above 1000, is the alert plus that.
std::string reason(unsigned long code) {
  const int value = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (value > SSL_AD_REASON_OFFSET) {
      return alert(value - SSL_AD_REASON_OFFSET);
    }
    switch (value) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST:
      case SSL_R_HTTPS_PROXY_REQUEST:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "the peer does not speak TLS here";
      case SSL_R_UNSUPPORTED_PROTOCOL:
        return "the peer knows no TLS 1.2 or 1.3";
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "the client sent no certificate";
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return "the client offers none of the protocols in `alpn`";
      case SSL_R_NO_SHARED_CIPHER:
        return "no cipher in common";
      default:
        break;
    }
  }
  const char* const text = ERR_reason_error_string(code);
  return text != nullptr ? text : "TLS error " + std::to_string(code);
}

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "relay.tls"; }
  std::string message(int value) const override {
    return value < 0 ? verification(-value) : reason(static_cast<unsigned long>(value));
  }
};

}  // namespace

const boost::system::error_category& tls_category() noexcept {
  static const category instance;
  return instance;
}

// The oldest is the cause, the others are its consequences; but what the libraries below say of a
// signature is less than what the verification as a whole has come to.
error_code take_tls_error(const ssl_st* of) noexcept {
  unsigned long cause = 0;
  bool verification_failed = false;
  while (const auto code = ERR_get_error()) {
    const bool is_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
    if (cause == 0 || (is_tls && ERR_GET_LIB(cause) != ERR_LIB_SSL)) cause = code;
    verification_failed |= is_tls && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  }
  if (cause == 0) return errc::truncated;
  if (verification_failed && of != nullptr && SSL_get_verify_result(of) != X509_V_OK) {
    return {-static_cast<int>(SSL_get_verify_result(of)), tls_category()};
  }
  return {static_cast<int>(cause), tls_category()};
}

bool is_refusal(const error_code& ec) noexcept {
  if (ec.category() != tls_category() || ec.value() < 0) return false;
  const auto code = static_cast<unsigned long>(ec.value());
  return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET;
}

error_code no_tls() noexcept {
  return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_WRONG_VERSION_NUMBER)), tls_category()};
}

bool is_certificate_error(const error_code& ec) noexcept {
  return ec.category() == tls_category() && ec.value() < 0;
}

}  // namespace relay::transport
