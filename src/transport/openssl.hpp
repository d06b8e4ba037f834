#pragma once

#include <memory>

struct bio_st;
struct evp_pkey_st;
struct ssl_session_st;
struct x509_st;

/// OpenSSL's objects with one owner each, without its headers.
namespace relay::transport {

/// For objects of one file: freed_by<&BN_free>.
template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};

struct openssl_free {
  void operator()(bio_st* what) const noexcept;
  void operator()(evp_pkey_st* what) const noexcept;
  void operator()(ssl_session_st* what) const noexcept;
  void operator()(x509_st* what) const noexcept;
};

using bio_ptr = std::unique_ptr<bio_st, openssl_free>;
using key_ptr = std::unique_ptr<evp_pkey_st, openssl_free>;
using session_ptr = std::unique_ptr<ssl_session_st, openssl_free>;
using x509_ptr = std::unique_ptr<x509_st, openssl_free>;

}  // namespace relay::transport
