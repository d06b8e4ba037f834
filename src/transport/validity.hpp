#pragma once

#include <chrono>
#include <optional>
#include <string>

struct asn1_string_st;
struct x509_st;

/// From when to when certificates hold, and what is to be said of it. Time is an argument.
namespace relay::transport {

struct validity {
  using time_point = std::chrono::system_clock::time_point;
  time_point from;
  time_point until;
};

/// Nothing when there is none, or OpenSSL cannot read it.
std::optional<validity::time_point> time_of(const asn1_string_st* from);

/// Nothing when OpenSSL cannot read its dates.
std::optional<validity> validity_of(const x509_st* certificate);

/// "expires in 3 days, on 2026-12-03", "expired on 2026-11-29", "is not valid before 2026-12-01";
/// empty: it holds for two weeks or more.
std::string trouble(const validity& with, validity::time_point now);

/// Says once a day what is wrong with the dates of one certificate.
class expiry_reminder {
 public:
  using time_point = validity::time_point;

  /// Whether it is worth looking: false costs a comparison.
  bool is_due(time_point now) const noexcept { return now >= next_; }
  /// The trouble, which is then not told again for a day; or nothing, for an hour.
  std::string look(const std::optional<validity>& of, time_point now);
  /// The certificate is another one.
  void reset() noexcept { next_ = time_point::min(); }

 private:
  time_point next_ = time_point::min();
};

}  // namespace relay::transport
