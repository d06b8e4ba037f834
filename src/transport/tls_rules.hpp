#pragma once

#include "tls_source.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct ssl_method_st;

namespace relay::transport {

/// A context with what both sides insist on: versions, suites, groups (spec 9.3), nothing that is
/// renegotiated or compressed, no memory while idle. Null when OpenSSL refuses.
context_ptr make_context(const ssl_method_st* side);

/// How its connections take the end of what is below without a close_notify: as an end, unless
/// `strict`. OpenSSL never sees an end; its option is only where the stream looks.
void set_end(ssl_ctx_st* of, bool strict);

/// What callbacks of a context find there.
enum class attachment : std::uint8_t { response, sessions, tickets, protocols };

/// Ties the lifetime of `what` to a context: connections keep that alive, and with it whatever they
/// may still call.
bool attach(ssl_ctx_st* to, attachment as, std::shared_ptr<void> what);
void* attached(const ssl_ctx_st* to, attachment as);

/// The names of protocols as they cross the wire: each behind a byte with its length. Empty names
/// are left out, and longer ones than 255 bytes are an error.
parsed<std::string> protocol_list(const std::vector<std::string>& names);

/// The reason of what OpenSSL has just refused, in words.
std::string openssl_says();

}  // namespace relay::transport
