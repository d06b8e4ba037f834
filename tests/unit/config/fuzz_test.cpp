#include "unit/config/loading.hpp"

#include <random>

namespace relay::config {
namespace {

/// Short texts with every construct of the two syntaxes: damage to a long file mostly hits comments
/// and names, and costs its length each time.
const std::vector<std::string> seeds{
    "# a\n[log]\nlevel = \"info\"\noutput = 'a\\b'\n\n[[endpoints]]\nlisten = \":1-2\"\n"
    "remote = \"b:1\"\nextra_remotes = [\"[::1]:2\", # c\n \"d:3\",]\n"
    "network = {use_udp = true, tcp_timeout = \"250ms\"}\n",
    "[[endpoints]]\r\nlocal = \"[::1]:80\"\r\nremote = \"::1:80\"\r\nbalance = \"off: 1,2\"\r\n"
    "[endpoints.network]\r\n'warm' = 0x1_0\r\nbyte_rate = \"5MiB/s\"\r\n",
    "endpoints = []\ndns.nameservers = [\"1.1.1.1:53\"]\ndns.min_ttl = 1\n"
    "a.b.c = [[1, 2.5], {x = 1979-05-27T07:32:00Z}]\n[[t]]\n[t.u]\n",
    "endpoints = []\ns = \"\\u00e9\\n\"\nm = \"\"\"a\\\n b\"\"\"\nl = '''x'''\nh = 0xff_ff\ni = "
    "-inf",
    R"({"endpoints":[{"listen":"a\u00e9\"\\:1","x":[-1.5e3,null,true,{}]}]})",
    R"({"dns":{"nameservers":["a:1"]}, "endpoints":[{"listen":":1","remote":"b:2",)"
    R"("network":{"warm":null,"idle_timeout":"2m"}}]})",
    R"({"listening_addresses":["a"],"listening_ports":["1-9","65535"],)"
    R"("remote_addresses":["b","[::1]"],"remote_ports":["8-9"]})",
};

/// Where damage does most: half of the time at a character that means something to the syntax.
std::size_t pick_place(const std::string& text, std::mt19937& random) {
  const auto at = random() % text.size();
  if (random() % 2 == 0) return at;
  const auto next = text.find_first_of("[]{}=\"'.,:#\\\n-", at);
  return next == std::string::npos ? at : next;
}

/// A text with a few bytes changed, pieces doubled or removed, always the same for a seed.
std::string mutate(std::string text, std::mt19937& random) {
  constexpr std::string_view odd = "[]{}=\"'.,:#\\\n\r\t -+_0123456789eEuUxTZ\x80\xff\xc3\x01";
  for (auto left = 1 + random() % 4; left > 0 && !text.empty(); --left) {
    const auto at = pick_place(text, random);
    const auto size = random() % 12;
    switch (random() % 6) {
      case 0:
        text[at] = odd[random() % odd.size()];
        break;
      case 1:
        text.insert(at, 1, odd[random() % odd.size()]);
        break;
      case 2:
        text.erase(at, size);
        break;
      case 3:
        text.insert(at, text.substr(random() % text.size(), size));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text[at] = static_cast<char>(random());
        break;
    }
  }
  return text;
}

/// Loads the text; the only thing that may be thrown is a config_error, which can be printed.
void try_out(const std::string& text) {
  try {
    const auto made = load_text("t", text, {});
    for (const auto& each : made.warnings) render(each);
    duplicate_listens(made.value);
    to_toml(made.value);
  } catch (const config_error& failure) {
    EXPECT_FALSE(failure.problems().empty()) << text;
  }
}

TEST(Fuzz, SeedsAreSound) {
  for (const auto& seed : seeds) {
    try {
      test::load(seed);
    } catch (const config_error& failure) {
      // The values may make no sense; the syntax must.
      EXPECT_EQ(std::string(failure.what()).find("not valid"), std::string::npos) << failure.what();
    }
  }
}

TEST(Fuzz, DamagedTextsAreRefusedInOrder) {
  std::mt19937 random(42);
  for (const auto& seed : seeds) {
    for (int round = 0; round < 100; ++round) try_out(mutate(seed, random));
  }
}

TEST(Fuzz, EveryPrefixIsRefusedInOrder) {
  for (const auto& seed : seeds) {
    for (std::size_t size = 0; size < seed.size(); size += 3) try_out(seed.substr(0, size));
  }
}

TEST(Fuzz, GarbageIsRefusedInOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 320; ++round) {
    std::string text(random() % 40, ' ');
    for (auto& each : text) each = static_cast<char>(random());
    try_out(text);
    try_out('{' + text);
    try_out("a = " + text);
    try_out("a = \"" + text);
  }
}

}  // namespace
}  // namespace relay::config
