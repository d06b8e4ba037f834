#include "unit/config/loading.hpp"
#include "unit/config/random_settings.hpp"

#include <relay/config/keys.hpp>

#include <set>

/// `relay convert` for every kind of configuration that is read: what it writes says the same.
namespace relay::config {
namespace {

using test::load;
using texts = std::vector<std::string>;

constexpr auto formats = {convert_format::toml, convert_format::json};
constexpr unsigned seeds = 12;  // TOML takes long to read

/// Whatever wrote it, what is converted loads to these settings, and converting it again changes
/// nothing.
void expect_same(const std::string& written, convert_format format, const settings& before) {
  try {
    const auto after = load(written);
    EXPECT_TRUE(after.value == before) << written;
    EXPECT_EQ(convert_text("again", written, format).text, written);
  } catch (const config_error& failure) {
    ADD_FAILURE() << failure.what() << '\n' << written;
  }
}

TEST(RandomSettings, GiveEveryKeyAnotherValueThanItsDefault) {
  std::string all;
  for (unsigned seed = 0; seed < 5 * seeds; ++seed)
    all += to_toml(test::random_settings(seed).make(), extent::needed);
  for (const auto& each : known_keys()) {
    if (each.table.empty() || !each.alias_of.empty() || each.name == "network") continue;
    EXPECT_NE(all.find('\n' + std::string(each.name) + " = "), std::string::npos) << each.name;
  }
}

TEST(ConvertKinds, TextsInBothFormatsShortAndInFull) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    const auto before = test::random_settings(seed).make();
    for (const auto print : {to_toml, to_json}) {
      const auto how = seed % 2 == 0 ? extent::needed : extent::all;
      for (const auto format : formats)
        expect_same(convert_text("t", print(before, how), format).text, format, before);
    }
  }
}

TEST(ConvertKinds, FoldersOfTomlAndJson) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    const auto whole = test::random_settings(seed).make();
    auto head = whole;
    settings tail;
    const auto half = static_cast<std::ptrdiff_t>(whole.endpoints.size() / 2);
    tail.endpoints.assign(head.endpoints.begin() + half, head.endpoints.end());
    head.endpoints.erase(head.endpoints.begin() + half, head.endpoints.end());
    const test::temporary_folder folder;
    folder.write("10-head.toml", to_toml(head));
    // Of the file that comes later nothing but its endpoints may count.
    folder.write("20/tail.json", to_json(tail));
    const auto before = load_path(folder.path(), {}).value;
    ASSERT_EQ(before.endpoints, whole.endpoints) << "seed " << seed;
    for (const auto format : formats)
      expect_same(convert_folder(folder.path(), format).text, format, before);
  }
}

/// A random file of realm 1.x.
class random_legacy {
 public:
  explicit random_legacy(unsigned seed) : random_(seed) {}

  std::string text() {
    return "{\"listening_addresses\":" + list({"127.0.0.1", "[::1]", "0.0.0.0"}) +
           ",\"listening_ports\":" + ports(1) +
           ",\"remote_addresses\":" + list({"10.0.0.1", "a.test", "[2001:db8::1]"}) +
           ",\"remote_ports\":" + ports(2000) + "}";
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  std::string list(const texts& of) {
    std::string made;
    for (auto left = 1 + below(3); left > 0; --left)
      made += (made.empty() ? "[\"" : ",\"") + of[below(3)] + '"';
    return made + ']';
  }
  /// Single ports and ranges, upwards from `first`, so that none is there twice.
  std::string ports(unsigned first) {
    std::string made;
    for (auto left = 1 + below(4); left > 0; --left) {
      const auto last = first + below(5);
      made += (made.empty() ? "[\"" : ",\"") + std::to_string(first);
      made += (last > first ? '-' + std::to_string(last) : "") + '"';
      first = last + 1;
    }
    return made + ']';
  }

  std::mt19937 random_;
};

TEST(ConvertKinds, FilesOfRealm1) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    const auto old = random_legacy(seed).text();
    const auto before = load(old).value;
    ASSERT_FALSE(before.endpoints.empty()) << old;
    for (const auto format : formats) {
      const auto made = convert_text("old.json", old, format);
      EXPECT_TRUE(made.legacy);
      EXPECT_TRUE(load(made.text).value == before) << old << '\n' << made.text;
    }
  }
}

TEST(ConvertKinds, CommandLinesAsTheyArePrinted) {
  overrides forced;
  force(forced.network, &network::use_udp, true);
  force(forced.network, &network::tcp_timeout, milliseconds(250));
  force(forced.log, &log::level, log_level::info);
  force(forced.dns, &dns::mode, dns_mode::ipv6_only);
  const std::vector<command_line_endpoint> given{
      {"127.0.0.1:1-3", "a.test:2000-2002", "::1", "eth1", "eth0", "ws;host=a;path=/", "tls;sni=b"},
      {":4", "b.test:5", {}, {}, {}, {}, {}}};
  const auto before = load_command_line(given, forced).value;
  for (const auto format : formats) {
    const auto print = format == convert_format::toml ? to_toml : to_json;
    expect_same(print(before, extent::needed), format, before);
  }
}

}  // namespace
}  // namespace relay::config
