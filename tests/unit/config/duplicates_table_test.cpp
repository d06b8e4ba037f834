#include "unit/config/loading.hpp"

#include <random>
#include <set>

namespace relay::config {
namespace {

endpoint listening(const std::string& on, bool tcp = true, bool udp = false) {
  endpoint made;
  made.listen = *parse_listen(on);
  made.network.no_tcp = !tcp;
  made.network.use_udp = udp;
  made.origin = {std::make_shared<const source>(source{on, ""}), 0};
  return made;
}

settings all(const std::vector<std::string>& listens) {
  settings made;
  for (const auto& each : listens) made.endpoints.push_back(listening(each));
  return made;
}

/// The names of the endpoints that are refused, each once.
std::string refused(const std::vector<std::string>& listens) {
  std::string made;
  for (const auto& each : duplicate_listens(all(listens))) made += each.where.from->name + ' ';
  return made;
}

TEST(DuplicateListensTable, NamesEachLaterEndpointOnce) {
  const std::pair<std::vector<std::string>, const char*> cases[]{
      {{}, ""},
      {{":1"}, ""},
      {{":1", ":1", ":1"}, ":1 :1 "},
      {{":10-20", ":15", ":1-100"}, ":15 :1-100 "},
      {{":5", ":6", ":1-100"}, ":1-100 "},
      {{":1-100", ":5", ":6"}, ":5 :6 "},
      {{":1-10", ":20-30", ":10-20", ":11-19"}, ":10-20 :11-19 "},
      {{":1-10", ":11", ":12-20"}, ""},
      {{":65535", ":1-65535"}, ":1-65535 "},
      {{"a:1", "b:1", "A:1"}, "A:1 "},
      {{"1.1.1.1:1-9", "1.1.1.2:1-9", "[::]:5", "[::]:5-6"}, "[::]:5 [::]:5-6 "},
  };
  for (const auto& [listens, expected] : cases) EXPECT_EQ(refused(listens), expected);
}

TEST(DuplicateListensTable, IsAskedForEachProtocolAlone) {
  const auto message = [](bool tcp, bool udp, bool later_tcp, bool later_udp) {
    settings made;
    made.endpoints = {listening(":1-9", tcp, udp), listening(":9", later_tcp, later_udp)};
    std::string text;
    for (const auto& each : duplicate_listens(made)) {
      text += each.message.find("(TCP)") != std::string::npos ? 'T' : 'U';
      EXPECT_FALSE(each.hint.empty());
    }
    return text;
  };
  EXPECT_EQ(message(true, false, true, false), "T");
  EXPECT_EQ(message(false, true, false, true), "U");
  EXPECT_EQ(message(true, true, true, true), "TU");
  EXPECT_EQ(message(true, true, true, false), "T");
  EXPECT_EQ(message(true, true, false, true), "U");
  EXPECT_EQ(message(true, false, false, true), "");
  EXPECT_EQ(message(false, true, true, false), "");
  EXPECT_EQ(message(false, false, true, true), "");
}

/// By the definition: an endpoint meets one of those before it.
std::vector<std::string> by_definition(const settings& what) {
  std::vector<std::string> made;
  for (std::size_t later = 0; later < what.endpoints.size(); ++later) {
    const auto& second = what.endpoints[later].listen;
    for (std::size_t at = 0; at < later; ++at) {
      const auto& first = what.endpoints[at].listen;
      if (first.host == second.host && first.ports.first <= second.ports.last &&
          second.ports.first <= first.ports.last) {
        made.push_back(second.to_string());
        break;
      }
    }
  }
  return made;
}

TEST(DuplicateListensTable, AgreesWithTheDefinition) {
  std::mt19937 random(1);
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> listens;
    for (auto left = below(8); left > 0; --left) {
      const auto first = 1 + below(20);
      listens.push_back((below(2) ? "a:" : "b:") + std::to_string(first) + '-' +
                        std::to_string(first + below(6)));
    }
    const auto what = all(listens);
    std::vector<std::string> found;
    for (const auto& each : duplicate_listens(what)) {
      found.push_back(parse_listen(each.where.from->name)->to_string());
    }
    EXPECT_EQ(found, by_definition(what));
  }
}

TEST(DuplicateListensTable, IsQuickForManyEndpoints) {
  settings made;
  for (int at = 0; at < 2000; ++at) made.endpoints.push_back(listening(std::to_string(at + 1)));
  EXPECT_TRUE(duplicate_listens(made).empty());
  made.endpoints.push_back(listening("1-65535"));
  EXPECT_EQ(duplicate_listens(made).size(), 1U);
}

}  // namespace
}  // namespace relay::config
