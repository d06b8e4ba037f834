#include <relay/names/dns_message.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace relay::names {
namespace {

using std::chrono::seconds;

constexpr std::size_t max_name = 255;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t class_in = 1;
constexpr int max_jumps = 64;    // compression pointers in one name; a real one has a handful
constexpr int max_aliases = 16;  // CNAMEs in a row
constexpr std::uint8_t rcode_ok = 0;
constexpr std::uint8_t rcode_no_such_name = 3;

// The only access to the message. Every read is checked; after the first that fails all fail.
class cursor {
 public:
  explicit cursor(std::span<const std::uint8_t> message, std::size_t at = 0)
      : message_(message), at_(at) {}

  bool good() const noexcept { return good_; }
  std::size_t at() const noexcept { return at_; }

  std::span<const std::uint8_t> take(std::size_t count) {
    if (!good_ || count > message_.size() - at_) {
      good_ = false;
      return {};
    }
    const auto taken = message_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::uint16_t u16() {
    const auto raw = take(2);
    return good_ ? static_cast<std::uint16_t>(raw[0] << 8 | raw[1]) : std::uint16_t{0};
  }
  std::uint32_t u32() {
    const auto high = u16();
    return std::uint32_t{high} << 16 | u16();
  }

  // A name in the wire's form (length, label, …) but lower-case and without pointers, so that two
  // names are equal when their strings are.
  std::string name() {
    std::string made;
    auto from = at_;           // where the next label is
    std::size_t resume = 0;    // behind the first pointer: where the message goes on
    std::size_t lowest = at_;  // pointers must lead backwards, or they could go in circles
    for (int jumps = 0;;) {
      if (!good_ || from >= message_.size()) return broken();
      const auto length = std::size_t{message_[from]};
      if (length >= 0xc0) {
        if (from + 1 >= message_.size() || ++jumps > max_jumps) return broken();
        const auto target = (length & 0x3f) << 8 | message_[from + 1];
        if (target >= lowest) return broken();
        if (resume == 0) resume = from + 2;
        lowest = from = target;
        continue;
      }
      if (length > 63 || length + 1 > message_.size() - from) return broken();
      if (made.size() + length + 1 > max_name) return broken();
      for (const auto byte : message_.subspan(from, length + 1)) made += lower(byte);
      from += length + 1;
      if (length == 0) break;
    }
    at_ = resume != 0 ? resume : from;
    return made;
  }

 private:
  static char lower(std::uint8_t byte) noexcept {
    return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
  }
  std::string broken() {
    good_ = false;
    return {};
  }

  std::span<const std::uint8_t> message_;
  std::size_t at_;
  bool good_ = true;
};

struct record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint16_t kind = 0;  // "class"
  seconds ttl{0};
  std::size_t data_at = 0;
  std::span<const std::uint8_t> data;
};

record read_record(cursor& from) {
  record made;
  made.owner = from.name();
  made.type = from.u16();
  made.kind = from.u16();
  const auto ttl = from.u32();
  // RFC 2181, section 8: with the top bit set it means zero.
  made.ttl = seconds(ttl > std::numeric_limits<std::int32_t>::max() ? 0 : ttl);
  const auto length = from.u16();
  made.data_at = from.at();
  made.data = from.take(length);
  return made;
}

// Reads up to `count` records; fewer when the message ends early, which is how truncation looks.
std::vector<record> read_records(cursor& from, std::uint16_t count) {
  std::vector<record> made;
  for (std::uint16_t i = 0; i < count; ++i) {
    auto next = read_record(from);
    if (!from.good()) break;
    if (next.kind == class_in) made.push_back(std::move(next));
  }
  return made;
}

struct chain {
  std::string name;  // the last alias, or the question's own name
  seconds ttl = seconds::max();
};

chain follow_aliases(std::span<const std::uint8_t> message, const std::vector<record>& answers,
                     std::string name) {
  chain reached{std::move(name)};
  for (int hops = 0; hops < max_aliases; ++hops) {
    const auto alias = std::ranges::find_if(answers, [&](const record& each) {
      return each.type == type_cname && each.owner == reached.name;
    });
    if (alias == answers.end()) break;
    cursor data(message, alias->data_at);
    auto target = data.name();
    if (!data.good()) break;
    reached.name = std::move(target);
    reached.ttl = std::min(reached.ttl, alias->ttl);
  }
  return reached;
}

std::optional<ip_address> read_address(const record& from, record_type wanted) {
  if (from.type != static_cast<std::uint16_t>(wanted)) return std::nullopt;
  if (wanted == record_type::a && from.data.size() == 4) {
    return ip_address::v4(from.data.first<4>());
  }
  if (wanted == record_type::aaaa && from.data.size() == 16) {
    return ip_address::v6(from.data.first<16>());
  }
  return std::nullopt;
}

// RFC 2308, section 5: the smaller of the SOA's own TTL and its MINIMUM field.
std::optional<seconds> negative_ttl(std::span<const std::uint8_t> message,
                                    const std::vector<record>& authority) {
  const auto soa = std::ranges::find(authority, type_soa, &record::type);
  if (soa == authority.end()) return std::nullopt;
  cursor data(message.first(soa->data_at + soa->data.size()), soa->data_at);
  data.name();
  data.name();
  data.take(16);  // serial, refresh, retry, expire
  const auto minimum = data.u32();
  if (!data.good()) return std::nullopt;
  return std::min(soa->ttl, seconds(minimum));
}

}  // namespace

dns_reply read_reply(std::span<const std::uint8_t> message, record_type wanted) {
  auto unusable = dns_reply::failure(make_error_code(errc::lookup_failed));
  cursor from(message);
  from.u16();  // id
  const auto flags = from.u16();
  const auto questions = from.u16();
  const auto answer_count = from.u16();
  const auto authority_count = from.u16();
  from.u16();  // additional records: nothing in them concerns us
  const bool is_answer = (flags & 0x8000) != 0;
  const bool truncated = (flags & 0x0200) != 0;
  const auto rcode = static_cast<std::uint8_t>(flags & 0x000f);
  if (!from.good() || !is_answer || questions != 1) return unusable;
  if (rcode != rcode_ok && rcode != rcode_no_such_name) return unusable;
  auto asked = from.name();
  from.take(4);  // type and class
  if (!from.good()) return unusable;

  const auto answers = read_records(from, answer_count);
  const bool cut_off = !from.good();
  dns_reply reply;
  if (rcode == rcode_ok) {
    const auto reached = follow_aliases(message, answers, std::move(asked));
    auto ttl = reached.ttl;
    for (const auto& each : answers) {
      if (each.owner != reached.name) continue;
      const auto address = read_address(each, wanted);
      if (!address) continue;
      reply.addresses.push_back(*address);
      ttl = std::min(ttl, each.ttl);
    }
    if (!reply.addresses.empty()) {
      reply.what = dns_reply::kind::found;
      reply.ttl = ttl;
      return reply;
    }
    // What was cut away may have held the addresses.
    if (truncated || cut_off) return unusable;
  }
  reply.what = rcode == rcode_ok ? dns_reply::kind::no_data : dns_reply::kind::no_such_name;
  if (!cut_off) reply.ttl = negative_ttl(message, read_records(from, authority_count));
  return reply;
}

}  // namespace relay::names
