#pragma once

#include <relay/base/error.hpp>

struct ssl_st;

/// What goes wrong in TLS as error codes whose message says whose fault it is: a certificate that
/// was not accepted, an alert that the peer sent, bytes that are no TLS.
namespace relay::transport {

const boost::system::error_category& tls_category() noexcept;

/// The reason of what OpenSSL has just refused to do on `of` (null: on nothing in particular), and
/// an empty queue of errors behind it.
error_code take_tls_error(const ssl_st* of) noexcept;

/// Whether the peer has said with an alert that it does not go on.
bool is_refusal(const error_code& ec) noexcept;

/// What the peer's first bytes say by being no TLS, without OpenSSL having seen them.
error_code no_tls() noexcept;

/// Whether it was the certificate that the peer showed, which an operator can do something about.
bool is_certificate_error(const error_code& ec) noexcept;

}  // namespace relay::transport
