#include "validity.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <ctime>

namespace relay::transport {
namespace {

using time_point = validity::time_point;
using std::chrono::hours;

constexpr hours day{24};
constexpr auto soon = 14 * day;

std::string date(time_point at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  tm parts{};
  char text[32];
  ::gmtime_r(&seconds, &parts);
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return {text, size};
}

std::string count(std::chrono::system_clock::duration left) {
  const auto unit = left >= day ? day : hours(1);
  const auto number = left / unit;
  const std::string word = left >= day ? "day" : "hour";
  if (number == 0) return "less than an hour";
  return std::to_string(number) + ' ' + word + (number == 1 ? "" : "s");
}

}  // namespace

std::optional<validity::time_point> time_of(const ASN1_TIME* from) {
  tm parts{};
  if (from == nullptr || ASN1_TIME_to_tm(from, &parts) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  const auto seconds = ::timegm(&parts);
  // "Never" is the year 9999, which is beyond what this clock counts.
  constexpr auto last =
      std::chrono::duration_cast<std::chrono::seconds>(time_point::max().time_since_epoch());
  if (seconds >= last.count()) return time_point::max();
  return std::chrono::system_clock::from_time_t(seconds);
}

std::optional<validity> validity_of(const X509* certificate) {
  if (certificate == nullptr) return std::nullopt;
  const auto from = time_of(X509_get0_notBefore(certificate));
  const auto until = time_of(X509_get0_notAfter(certificate));
  if (!from || !until) return std::nullopt;
  return validity{*from, *until};
}

std::string trouble(const validity& with, time_point now) {
  if (now < with.from) return "is not valid before " + date(with.from);
  if (now >= with.until) return "expired on " + date(with.until);
  if (with.until - now >= soon) return {};
  return "expires in " + count(with.until - now) + ", on " + date(with.until);
}

std::string expiry_reminder::look(const std::optional<validity>& of, time_point now) {
  auto said = of ? trouble(*of, now) : std::string();
  next_ = now + (said.empty() ? hours(1) : day);
  return said;
}

}  // namespace relay::transport
