#include <relay/base/units.hpp>
#include <relay/base/words.hpp>
#include <relay/forward/sessions.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace relay::forward {
namespace {

using wrong = std::optional<std::string>;

std::optional<bool> read_yes(std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return std::nullopt;
}

wrong set_client(session_filter& into, std::string_view text) {
  const auto one = ip_endpoint::parse(text);
  if (one) into.client_port = one->port;
  auto block = cidr::parse(one ? one->address.to_string() : std::string(text));
  if (!block) return std::move(block.wrong);
  into.client = *block;
  return std::nullopt;
}

wrong set_kind(session_filter& into, std::string_view text) {
  if (text != "tcp" && text != "udp")
    return "`kind` is tcp or udp, not `" + std::string(text) + '`';
  into.is_association = text == "udp";
  return std::nullopt;
}

wrong set_tls(session_filter& into, std::string_view text) {
  into.tls = read_yes(text);
  if (into.tls) return std::nullopt;
  return "`tls` is yes or no, not `" + std::string(text) + '`';
}

wrong set_older(session_filter& into, std::string_view text) {
  auto read = parse_duration(text);
  if (!read) return "`older`: " + read.wrong;
  into.older = *read;
  return std::nullopt;
}

wrong set_id(session_filter& into, std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (ec != std::errc{} || end != text.data() + text.size())
    return "`id` is the number of a session, not `" + std::string(text) + '`';
  into.id = id;
  return std::nullopt;
}

wrong set_listen(session_filter& into, std::string_view text) {
  into.listen = text;
  return std::nullopt;
}

wrong set_remote(session_filter& into, std::string_view text) {
  into.remote = text;
  return std::nullopt;
}

struct filter_word {
  std::string_view name;
  wrong (*set)(session_filter& into, std::string_view text);
};
constexpr auto filter_words = std::to_array<filter_word>({{"client", set_client},
                                                          {"listen", set_listen},
                                                          {"remote", set_remote},
                                                          {"kind", set_kind},
                                                          {"tls", set_tls},
                                                          {"older", set_older},
                                                          {"id", set_id}});

wrong read_word(session_filter& into, std::string_view word) {
  const auto equals = word.find('=');
  const auto name = word.substr(0, equals);
  std::vector<std::string_view> names;
  for (const auto& each : filter_words) {
    if (equals != word.npos && each.name == name) return each.set(into, word.substr(equals + 1));
    names.push_back(each.name);
  }
  return '`' + std::string(word) + "` is no filter: one begins with " + join_words(names) +
         " and an equals sign, as in client=10.0.0.0/8";
}

bool is_part(const std::string& part, const std::string& of) {
  return of.find(part) != std::string::npos;
}

}  // namespace

parsed<session_filter> read_session_filter(std::string_view text) {
  constexpr std::string_view between = " ,";
  session_filter made;
  for (std::size_t at = text.find_first_not_of(between); at != text.npos;) {
    const auto end = std::min(text.find_first_of(between, at), text.size());
    if (auto why = read_word(made, text.substr(at, end - at)))
      return parsed<session_filter>::bad(*std::move(why));
    at = text.find_first_not_of(between, end);
  }
  return parsed<session_filter>::good(std::move(made));
}

bool session_filter::matches(const session_info& what) const {
  if (id && *id != what.id) return false;
  if (is_association && *is_association != what.is_association) return false;
  if (tls && *tls != (what.client_tls || what.remote_tls)) return false;
  if (client && !client->contains(what.client.client.address)) return false;
  if (client_port && *client_port != what.client.client.port) return false;
  return what.age >= older && is_part(listen, what.listen) && is_part(remote, what.remote);
}

}  // namespace relay::forward
