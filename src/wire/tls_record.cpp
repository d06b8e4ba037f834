#include <relay/wire/tls_record.hpp>

namespace relay::wire {
namespace {

// From change_cipher_spec to application_data. Only a handshake may come first, but that is for an
// alert of TLS to say.
constexpr unsigned first_type = 20;
constexpr unsigned last_type = 23;
constexpr unsigned major_version = 3;  // of SSL 3.0 and every TLS
// Of the bytes behind the header; TLS 1.2 allows 2048 more than the payload.
constexpr std::size_t longest = 16384 + 2048;

constexpr tls_beginning alien{tls_begin::alien, 0};

}  // namespace

tls_beginning read_tls_beginning(std::span<const std::byte> bytes) noexcept {
  const auto at = [&](std::size_t index) { return std::to_integer<unsigned>(bytes[index]); };
  if (!bytes.empty() && (at(0) < first_type || at(0) > last_type)) return alien;
  if (bytes.size() > 1 && at(1) != major_version) return alien;
  if (bytes.size() < tls_header_bytes) return {};
  const std::size_t length = at(3) << 8 | at(4);
  if (length == 0 || length > longest) return alien;
  return {tls_begin::record, tls_header_bytes + length};
}

}  // namespace relay::wire
