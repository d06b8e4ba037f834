#include <relay/base/error.hpp>

#include <cctype>
#include <cerrno>

namespace relay {
namespace {

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "relay"; }
  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::timed_out:
        return "timed out";
      case errc::truncated:
        return "the stream was cut off";
      case errc::no_such_name:
        return "no such name";
      case errc::no_address:
        return "the name has no usable address";
      case errc::lookup_failed:
        return "the name could not be looked up";
      case errc::no_usable_family:
        return "no address of the family of `through`";
      case errc::own_listener:
        return "the address is this endpoint's own listener";
      case errc::bad_proxy_header:
        return "not a PROXY header";
      case errc::handshake_refused:
        return "refused";
      case errc::untrusted_proxy:
        return "not one of `trusted_proxies`";
      case errc::flood:
        return "too many messages without payload";
      case errc::null_address:
        return "the name stands for 0.0.0.0 or ::, which is no address (a block list?)";
      case errc::carrier_lost:
        return "no connection to carry the session came for `resume_timeout`";
      case errc::session_gone:
        return "the other end does not know the session any more";
    }
    return "unknown error " + std::to_string(value);
  }
};

}  // namespace

error_code make_error_code(errc code) noexcept {
  static const category instance;
  return {static_cast<int>(code), instance};
}

error_code last_system_error() noexcept { return {errno, boost::system::system_category()}; }

std::string describe(const error_code& ec) {
  auto text = ec.message();
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace relay
