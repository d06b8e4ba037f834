#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The client's side of SOCKS 5 (RFC 1928) and its login by a password (RFC 1929), of which CONNECT
/// is all. Texts hold bytes.
namespace relay::wire {

/// The first words: which logins we can do.
std::string write_socks_greeting(bool has_user);
std::string write_socks_login(std::string_view user, std::string_view password);
/// The name or literal address goes as it is: a name is looked up by the proxy.
std::string write_socks_connect(std::string_view host, std::uint16_t port);

/// What the proxy says: complete once `size` is not 0; then `wrong` is empty or says why it is
/// over.
struct socks_answer {
  std::size_t size = 0;
  std::string wrong{};
  friend bool operator==(const socks_answer&, const socks_answer&) = default;
};
/// Its choice of a login; `wants_login`: by a password.
struct socks_choice : socks_answer {
  bool wants_login = false;
};
socks_choice read_socks_choice(std::string_view seen, bool has_user);
socks_answer read_socks_login(std::string_view seen);
socks_answer read_socks_connect(std::string_view seen);

}  // namespace relay::wire
