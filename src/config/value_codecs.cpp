#include "value_codecs.hpp"

#include <relay/base/cidr.hpp>

#include <sys/un.h>

#include <array>

namespace relay::config {
namespace {

constexpr auto camouflage_words = std::to_array<word<camouflage_answer>>(
    {{"404", camouflage_answer::not_found}, {"close", camouflage_answer::close}});

}  // namespace

std::optional<camouflage_choice> camouflage_codec::read(const value_at& from) const {
  constexpr std::string_view expected = "404, close and the address of a web server";
  if (from.value.what != node::kind::text) {
    from.refuse_type(expected);
    return std::nullopt;
  }
  for (const auto& [name, answer] : camouflage_words) {
    if (from.value.text == name) return answer;
  }
  auto site = parse_remote(from.value.text);
  if (site && site->ports.size() == 1) return std::move(*site.value);
  from.refuse("`" + from.value.text + "` is none of " + std::string(expected),
              "as in \"127.0.0.1:8080\"");
  return std::nullopt;
}

std::string camouflage_codec::print(const camouflage_choice& value) const {
  if (const auto* site = std::get_if<host_port>(&value)) return quote(site->to_string());
  return quote(word_for(camouflage_words, std::get<camouflage_answer>(value)));
}

parsed<address_block> parse_address_block(std::string_view text) {
  auto made = cidr::parse(text);
  if (!made) return parsed<address_block>::bad(std::move(made.wrong));
  return parsed<address_block>::good({std::string(text), *made});
}

std::optional<std::vector<address_block>> cidr_list_codec::read(const value_at& from) const {
  return read_list<address_block>(from, "a list of address blocks", parse_address_block);
}

std::string cidr_list_codec::print(const std::vector<address_block>& value) const {
  return print_list(value, [](const address_block& each) { return each.text; });
}

std::optional<balance_text> balance_codec::read(const value_at& from) const {
  auto text = text_codec{}.read(from);
  if (!text) return std::nullopt;
  return balance_text(*std::move(text));
}

std::optional<std::string> socket_path_codec::read(const value_at& from) const {
  constexpr auto most = sizeof(sockaddr_un::sun_path) - 1;
  auto text = text_codec{}.read(from);
  if (!text || text->size() <= most) return text;
  from.refuse("the path of a socket has at most " + std::to_string(most) + " bytes, this one has " +
                  std::to_string(text->size()),
              "choose a shorter one, such as \"/run/relay/web.sock\"");
  return std::nullopt;
}

std::optional<balance::client_prefix> client_prefix_codec::read(const value_at& from) const {
  const auto text = text_codec{}.read(from);
  if (!text) return std::nullopt;
  const auto made = balance::read_client_prefix(*text);
  if (!made) {
    from.refuse('`' + *text + "` is not two prefix lengths",
                "IPv4's (/1 to /32), then IPv6's (/1 to /128), such as \"/24,/64\"");
  }
  return made;
}

}  // namespace relay::config
