#include <relay/app/command_line.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace relay::app {
namespace {

constexpr std::array<std::string_view, 9> reference_order{
    "brutal",    "batched-udp",  "hook",     "proxy",   "balance",
    "transport", "multi-thread", "mimalloc", "jemalloc"};

/// The words in brackets.
std::vector<std::string> tags_of(const std::string& line) {
  std::vector<std::string> made;
  for (std::size_t at = 0; (at = line.find('[', at)) != line.npos; ++at)
    made.push_back(line.substr(at + 1, line.find(']', at) - at - 1));
  return made;
}

TEST(RealmName, VersionIsTheOneWhosePlaceWeTake) {  // spec 1.7
  const auto line = realm_version_line();
  EXPECT_TRUE(line.starts_with("Realm 2.9.4 [")) << line;
  EXPECT_TRUE(line.ends_with("]\n")) << line;
  EXPECT_EQ(std::ranges::count(line, ' '), 2) << "the tags stand close together: " << line;
}

TEST(RealmName, FeaturesStandInTheReferencesOrderUnderBothNames) {  // spec 1.7
  const auto tags = tags_of(version_line());
  EXPECT_EQ(tags, tags_of(realm_version_line()));
  EXPECT_FALSE(tags.empty());
  auto from = reference_order.begin();
  for (const auto& tag : tags) {
    from = std::find(from, reference_order.end(), tag);
    ASSERT_NE(from, reference_order.end()) << tag << " is unknown or stands too late";
    ++from;
  }
}

TEST(RealmName, BrutalShutdownIsNotClaimed) {  // spec 4.5: half-close is forwarded by default
  const auto tags = tags_of(version_line());
  EXPECT_EQ(std::ranges::find(tags, "brutal"), tags.end());
}

TEST(RealmName, HelpsUseTheNameThatWasCalled) {
  for (const auto about : {command::relay, command::check, command::convert, command::demo}) {
    const auto help = help_text(about, program_name::realm);
    EXPECT_NE(help.find("\nUsage: realm "), std::string::npos) << help;
    EXPECT_EQ(help.find("       relay "), std::string::npos) << help;
    EXPECT_NE(help_text(about).find("\nUsage: relay "), std::string::npos);
  }
}

TEST(RealmName, HelpSaysWhoIsThereInstead) {
  const auto help = help_text(command::relay, program_name::realm);
  EXPECT_TRUE(help.starts_with("This is relay " RELAY_VERSION " in the place of realm 2.9.4.\n"));
  EXPECT_FALSE(help_text(command::relay).starts_with("This is"));
}

TEST(RealmName, HelpHasTheSameSections) {  // spec 1.7
  const auto ours = help_text(command::relay);
  const auto theirs = help_text(command::relay, program_name::realm);
  EXPECT_EQ(ours.substr(ours.find("\nCOMMANDS:")), theirs.substr(theirs.find("\nCOMMANDS:")));
}

TEST(RealmName, ConvertSaysThatItTakesOldFilesOnly) {  // spec 1.9
  const auto help = help_text(command::convert, program_name::realm);
  EXPECT_NE(help.find("realm 1.x"), std::string::npos);
  EXPECT_NE(help.find("Usage: realm convert [-t toml|json] [-o PATH] CONFIG"), std::string::npos);
}

}  // namespace
}  // namespace relay::app
