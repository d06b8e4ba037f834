#include "unit/config/loading.hpp"

#include <algorithm>
#include <random>

namespace relay::config {
namespace {

// Enough to be worth it, few enough for a debug build.
constexpr int rounds = 80;

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  const auto examples = std::filesystem::path(RELAY_SOURCE_DIR) / "examples";
  for (const auto& each : std::filesystem::recursive_directory_iterator(examples)) {
    if (!each.is_regular_file()) continue;
    std::ifstream file(each.path(), std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::ranges::sort(texts);  // the order of a directory is not the same everywhere
  texts.push_back(
      "endpoints = []\na.b.c = [[1, 2.5], {x = 1979-05-27T07:32:00Z}]\n[[t]]\n[t.u]\n"
      "s = \"\\u00e9\\n\"\nm = \"\"\"a\\\n b\"\"\"\nl = '''x'''\nh = 0xff_ff\ni = -inf");
  texts.push_back(R"({"endpoints":[{"listen":"a\u00e9\"\\:1","x":[-1.5e3,null,true,{}]}]})");
  return texts;
}

/// A text with a few bytes changed, pieces doubled or removed, always the same for a seed.
std::string mutate(std::string text, std::mt19937& random) {
  constexpr std::string_view odd = "[]{}=\"'.,:#\\\n\r\t -+_0123456789eEuUxTZ\x80\xff\xc3\x01";
  for (auto left = 1 + random() % 4; left > 0 && !text.empty(); --left) {
    const auto at = random() % text.size();
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
    unsupported(made.value);
    duplicate_listens(made.value);
    to_toml(made.value);
  } catch (const config_error& failure) {
    EXPECT_FALSE(failure.problems().empty()) << text;
  }
}

TEST(Fuzz, DamagedTextsAreRefusedInOrder) {
  std::mt19937 random(42);
  for (const auto& seed : seeds()) {
    for (int round = 0; round < rounds; ++round) try_out(mutate(seed, random));
  }
}

TEST(Fuzz, EveryPrefixIsRefusedInOrder) {
  for (const auto& seed : seeds()) {
    for (std::size_t size = 0; size < seed.size(); size += 11) try_out(seed.substr(0, size));
  }
}

TEST(Fuzz, GarbageIsRefusedInOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < rounds * 4; ++round) {
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
