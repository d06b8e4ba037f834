#include "proxy_line.hpp"

#include "address_prefix.hpp"

#include <algorithm>

namespace relay::wire {

namespace {

// Lengths of the shortest lines there are, with CRLF: what `proxy_needs` promises.
constexpr std::size_t shortest = std::string_view("PROXY UNKNOWN\r\n").size();
constexpr std::size_t shortest_v4 = std::string_view("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n").size();
constexpr std::size_t shortest_v6 = std::string_view("PROXY TCP6 :: :: 1 1\r\n").size();

/// How a part of the line is: all there, right so far, or wrong.
enum class part : std::uint8_t { whole, cut, wrong };

/// Takes parts off the front of what was seen. A part is judged up to its first wrong byte only, so
/// that the answer does not depend on how much behind it has arrived.
class line_reader {
 public:
  explicit line_reader(std::string_view seen) : rest_(seen) {}

  part literal(std::string_view expected) {
    const auto common = std::min(expected.size(), rest_.size());
    if (rest_.substr(0, common) != expected.substr(0, common)) return part::wrong;
    rest_.remove_prefix(common);
    return common == expected.size() ? part::whole : part::cut;
  }

  /// An address and the blank behind it.
  part address(bool v6, ip_address& into) {
    const auto blank = rest_.find(' ');
    const auto text = rest_.substr(0, blank);
    if (blank == std::string_view::npos) {
      return (v6 ? may_become_v6(text) : may_become_v4(text)) ? part::cut : part::wrong;
    }
    // No scope: it would mean something on another machine only.
    const auto made = ip_address::parse(text);
    if (!made || made->is_v6() != v6 || text.find('%') != text.npos) return part::wrong;
    into = *made;
    rest_.remove_prefix(blank + 1);
    return part::whole;
  }

  /// 0 to 65535 without leading zeros, and the byte behind it.
  part port(char behind, std::uint16_t& into) {
    std::uint32_t value = 0;
    for (std::size_t at = 0; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (c == behind && at > 0) {
        into = static_cast<std::uint16_t>(value);
        rest_.remove_prefix(at + 1);
        return part::whole;
      }
      const bool leading_zero = at > 0 && value == 0;
      if (c < '0' || c > '9' || leading_zero) return part::wrong;
      value = value * 10 + static_cast<std::uint32_t>(c - '0');
      if (value > 65535) return part::wrong;
    }
    return part::cut;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

proxy_answer needs(std::string_view seen, std::size_t least) {
  const std::size_t end = seen.ends_with('\r') ? 1 : 2;
  return proxy_needs{seen.size() + end < least ? least - seen.size() : end};
}

/// A part that is not whole.
proxy_answer stop(part how, std::string_view seen, std::size_t least, std::string_view why) {
  if (how == part::wrong) return proxy_refusal{why};
  return needs(seen, least);
}

/// The rest of a line whose sender knows nothing; whatever stands there has no meaning.
proxy_answer read_unknown(std::string_view seen) {
  proxy_header made;
  const auto end = seen.find("\r\n");
  if (end == std::string_view::npos) return needs(seen, shortest);
  made.consumed = end + 2;
  return made;
}

proxy_answer read_addresses(std::string_view seen, line_reader reader, bool v6) {
  proxy_addresses made;
  const auto least = v6 ? shortest_v6 : shortest_v4;
  if (const auto how = reader.address(v6, made.source.address); how != part::whole) {
    return stop(how, seen, least, "the source is no address of its family");
  }
  if (const auto how = reader.address(v6, made.destination.address); how != part::whole) {
    return stop(how, seen, least, "the destination is no address of its family");
  }
  if (const auto how = reader.port(' ', made.source.port); how != part::whole) {
    return stop(how, seen, least, "the source has no port");
  }
  if (const auto how = reader.port('\r', made.destination.port); how != part::whole) {
    return stop(how, seen, least, "the destination has no port");
  }
  if (const auto how = reader.literal("\n"); how != part::whole) {
    return stop(how, seen, least, "the line does not end with CRLF");
  }
  proxy_header header;
  header.consumed = seen.size() - reader.rest().size();
  header.family = v6 ? proxy_family::inet6 : proxy_family::inet;
  header.transport = proxy_transport::stream;
  header.addresses = made;
  return header;
}

proxy_answer read_line(std::string_view seen) {
  line_reader reader(seen);
  if (const auto how = reader.literal("PROXY "); how != part::whole) {
    return stop(how, seen, shortest, "there is no PROXY header");
  }
  constexpr std::string_view no_protocol = "the protocol is none of TCP4, TCP6 and UNKNOWN";
  if (reader.rest().starts_with('U')) {
    const auto how = reader.literal("UNKNOWN");
    return how == part::whole ? read_unknown(seen) : stop(how, seen, shortest, no_protocol);
  }
  if (const auto how = reader.literal("TCP"); how != part::whole) {
    return stop(how, seen, shortest, no_protocol);
  }
  const bool v6 = reader.rest().starts_with('6');
  if (const auto how = reader.literal(v6 ? "6 " : "4 "); how != part::whole) {
    return stop(how, seen, shortest_v6, no_protocol);
  }
  return read_addresses(seen, reader, v6);
}

}  // namespace

proxy_answer read_proxy_line(std::string_view seen) {
  // The byte before the last that may be is a CR, or the line is too long: what follows is not
  // looked at in order to say so.
  constexpr auto longest = longest_proxy_header;
  const bool hopeless = seen.size() >= longest - 1 && seen[longest - 2] != '\r';
  seen = seen.substr(0, hopeless ? longest - 1 : longest);
  const auto answer = read_line(seen);
  const bool full = hopeless || seen.size() == longest;
  if (full && std::holds_alternative<proxy_needs>(answer)) {
    return proxy_refusal{"the line is longer than 107 bytes"};
  }
  return answer;
}

}  // namespace relay::wire
