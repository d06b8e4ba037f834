#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

const std::filesystem::path examples = std::filesystem::path(RELAY_SOURCE_DIR) / "examples";

/// Every file below examples/, and the folders in it as a whole.
std::vector<std::filesystem::path> all_examples() {
  std::vector<std::filesystem::path> found;
  for (const auto& each : std::filesystem::directory_iterator(examples)) {
    if (each.is_directory() || each.path().extension() == ".toml" ||
        each.path().extension() == ".json") {
      found.push_back(each.path());
    }
  }
  return found;
}

TEST(Examples, LoadWithoutProblemsAndCanRun) {
  const auto found = all_examples();
  EXPECT_GE(found.size(), 8U);
  for (const auto& path : found) {
    try {
      const auto made = load_path(path, {});
      EXPECT_EQ(test::brief(made.warnings), "") << path;
      EXPECT_EQ(test::brief(duplicate_listens(made.value)), "") << path;
      EXPECT_FALSE(made.value.endpoints.empty()) << path;
      EXPECT_EQ(made.legacy, path.filename() == "legacy.json") << path;
    } catch (const config_error& failure) {
      ADD_FAILURE() << failure.what();
    }
  }
}

TEST(Examples, SayTheSameInBothFormats) {
  EXPECT_EQ(load_path(examples / "basic.toml", {}).value,
            load_path(examples / "basic.json", {}).value);
}

TEST(Examples, ShowTheFolderRules) {
  const auto made = load_path(examples / "folder", {});
  EXPECT_EQ(made.value.log.level, log_level::info);
  EXPECT_EQ(made.value.endpoints.size(), 2U);
}

TEST(Examples, PrintAndReadBackEqual) {
  for (const auto& path : all_examples()) {
    const auto made = load_path(path, {});
    for (const auto print : {to_toml, to_json}) {
      for (const auto how : {extent::all, extent::needed}) {
        EXPECT_EQ(test::load(print(made.value, how)).value, made.value) << path;
      }
    }
  }
}

}  // namespace
}  // namespace relay::config
