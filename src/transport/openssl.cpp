#include "openssl.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace relay::transport {

void openssl_free::operator()(bio_st* what) const noexcept { BIO_free(what); }
void openssl_free::operator()(evp_pkey_st* what) const noexcept { EVP_PKEY_free(what); }
void openssl_free::operator()(ssl_session_st* what) const noexcept { SSL_SESSION_free(what); }
void openssl_free::operator()(x509_st* what) const noexcept { X509_free(what); }

}  // namespace relay::transport
