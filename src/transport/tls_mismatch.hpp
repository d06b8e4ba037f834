#pragma once

#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace relay::transport {

/// A certificate that is for somebody else is forgotten by OpenSSL together with the handshake.
/// From now on clients of the context keep what `mismatch_of` tells; nothing is kept of others.
void keep_mismatches(ssl_ctx_st* of);

/// `the certificate is for another name: wanted a.test, it has b.test, *.c.test and 3 more`. Empty:
/// that is not what was wrong with it.
std::string mismatch_of(const ssl_st* of);

}  // namespace relay::transport
