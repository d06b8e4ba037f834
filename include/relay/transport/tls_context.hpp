#pragma once

#include <relay/base/ip.hpp>
#include <relay/base/parsed.hpp>
#include <relay/config/transport.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

/// What the TLS connections of an endpoint have in common: certificates, rules, sessions that can
/// be resumed. One object for all workers, with a lock that is taken once per connection.
namespace relay::transport {

struct tls_identity;
class tls_source;

/// One connection's OpenSSL object. Freed, it leaves its session fit to be resumed.
struct tls_closer {
  void operator()(ssl_st* what) const noexcept;
};
using tls_handle = std::unique_ptr<ssl_st, tls_closer>;

/// The self-signed certificates of this process: endpoints with the same name share one, and every
/// start makes new ones (spec 9.1).
class self_signed_certificates {
 public:
  /// Null when OpenSSL can make none.
  std::shared_ptr<const tls_identity> of(const std::string& name);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const tls_identity>> made_;
};

/// What a look at the files of a context has led to.
struct tls_refresh {
  bool renewed = false;  ///< connections from now on get what the files hold
  std::string problem;   ///< the files hold something unusable; said once, the old context stays
  std::string warning;   ///< "the certificate expires in 3 days, …"; said once a day
};

/// The side that accepts.
class tls_server {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Reads the files; a sentence for the operator when they are of no use.
  static parsed<std::shared_ptr<tls_server>> make(const config::tls_listen_options& options,
                                                  self_signed_certificates& self_signed);
  tls_server(std::shared_ptr<tls_source> from, bool verifies) noexcept;
  ~tls_server();

  /// Whether clients have to show a certificate.
  bool verifies() const noexcept { return verifies_; }
  /// For one accepted connection; null when there is no memory.
  tls_handle open() const;
  /// Looks whether files have changed, at most once a second; any worker may ask at any time.
  tls_refresh refresh(time_point now);

 private:
  std::shared_ptr<tls_source> source_;
  bool verifies_;
};

/// The side that dials.
class tls_client {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static parsed<std::shared_ptr<tls_client>> make(const config::tls_dial_options& options);
  /// `name`: what is sent as SNI; empty: nothing.
  tls_client(std::shared_ptr<tls_source> from, std::string name) noexcept;
  ~tls_client();

  /// For a connection to `to`, with the newest session that was had there. Null: no memory.
  tls_handle open(const ip_endpoint& to) const;
  tls_refresh refresh(time_point now);

 private:
  std::shared_ptr<tls_source> source_;
  std::string name_;
};

}  // namespace relay::transport
