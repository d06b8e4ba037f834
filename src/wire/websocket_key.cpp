#include "base64.hpp"

#include <relay/wire/websocket_handshake.hpp>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>

namespace relay::wire {
namespace {

// Looking it up for each digest, as SHA1() does, costs as much as the digest.
const EVP_MD* sha1() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> found(
      EVP_MD_fetch(nullptr, "SHA1", nullptr), &EVP_MD_free);
  return found.get();
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string made((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(made.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  made.resize(static_cast<std::size_t>(size));
  return made;
}

std::string ws_key(const std::array<std::byte, 16>& noise) {
  return base64({reinterpret_cast<const char*>(noise.data()), noise.size()});
}

std::string ws_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha1(), nullptr);
  return base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace relay::wire
