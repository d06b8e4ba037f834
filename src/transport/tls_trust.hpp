#pragma once

#include "tls_identity.hpp"

#include <string>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

/// Who shows what, and who is believed: the same on both sides. Each returns a sentence for the
/// operator when something is of no use, or nothing.
namespace relay::transport {

/// `who` is shown to the peer; `cert` is the file that it comes from.
std::string show_identity(ssl_ctx_st* to, const tls_identity& who, const std::string& cert);

/// Those who are named in a file vouch for the peer, and nobody else; `what` they are.
std::string trust_file(ssl_ctx_st* to, const std::string& path, const char* what);

/// Clients must show a certificate that somebody in the file vouches for. Sessions hold what was
/// verified, so none is resumed that another context has made, or whose certificate has expired.
std::string demand_certificates(ssl_ctx_st* to, const std::string& path);

/// Whether a certificate that was verified earlier has not expired since.
bool is_still_valid(const x509_st* certificate);

/// Whom the certificate of the peer is for, in words that can stand in a line; empty: it has shown
/// none.
std::string peer_name(const ssl_st* of);

}  // namespace relay::transport
