#include "support/dns_messages.hpp"

#include <cctype>
#include <initializer_list>

namespace relay::test {
namespace {

void put16(bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

void put32(bytes& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}

void append(bytes& to, const bytes& what) { to.insert(to.end(), what.begin(), what.end()); }

}  // namespace

std::optional<dns_query> dns_query::parse(std::span<const std::uint8_t> message) {
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::uint16_t>(message[at] << 8 | message[at + 1]);
  };
  if (message.size() < 17) return std::nullopt;
  dns_query made;
  made.id = u16(0);
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const auto end = at + 1 + message[at];
    if (end >= message.size()) return std::nullopt;
    if (!made.name.empty()) made.name += '.';
    for (++at; at < end; ++at) made.name += static_cast<char>(std::tolower(message[at]));
  }
  if (at + 5 > message.size()) return std::nullopt;
  made.type = u16(at + 1);
  return made;
}

bytes wire_name(std::string_view name) {
  bytes made;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    made.push_back(static_cast<std::uint8_t>(label.size()));
    made.insert(made.end(), label.begin(), label.end());
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  made.push_back(0);
  return made;
}

dns_response::dns_response(const dns_query& to, int rcode)
    : query_(to), flags_(static_cast<std::uint16_t>(0x8180 | rcode)) {}

dns_response& dns_response::address(std::string_view ip, std::uint32_t ttl,
                                    std::string_view owner) {
  const auto address = *ip_address::parse(ip);
  const auto raw = address.bytes();
  record(answers_, owner, address.is_v6() ? type_aaaa : type_a, ttl, {raw.begin(), raw.end()});
  ++answer_count_;
  return *this;
}

dns_response& dns_response::alias(std::string_view target, std::uint32_t ttl,
                                  std::string_view owner) {
  record(answers_, owner, 5, ttl, wire_name(target));
  ++answer_count_;
  return *this;
}

dns_response& dns_response::soa(std::uint32_t ttl, std::uint32_t minimum) {
  auto data = wire_name("ns.test");
  append(data, wire_name("admin.test"));
  for (const std::uint32_t each : {1u, 2u, 3u, 4u}) put32(data, each);
  put32(data, minimum);
  record(authority_, "test", 6, ttl, data);
  ++authority_count_;
  return *this;
}

dns_response& dns_response::truncated() {
  flags_ |= 0x0200;
  return *this;
}

dns_response& dns_response::id(std::uint16_t other) {
  query_.id = other;
  return *this;
}

void dns_response::record(bytes& section, std::string_view owner, std::uint16_t type,
                          std::uint32_t ttl, const bytes& data) {
  append(section, owner.empty() ? bytes{0xc0, 12} : wire_name(owner));
  put16(section, type);
  put16(section, 1);
  put32(section, ttl);
  put16(section, static_cast<unsigned>(data.size()));
  append(section, data);
}

bytes dns_response::as_bytes() const {
  bytes made;
  for (const unsigned each : {unsigned{query_.id}, unsigned{flags_}, 1u, unsigned{answer_count_},
                              unsigned{authority_count_}, 0u}) {
    put16(made, each);
  }
  append(made, wire_name(query_.name));
  put16(made, query_.type);
  put16(made, 1);
  append(made, answers_);
  append(made, authority_);
  return made;
}

}  // namespace relay::test
