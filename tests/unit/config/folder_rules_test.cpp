#include "unit/config/loading.hpp"

#include <unistd.h>

#include <chrono>

namespace relay::config {
namespace {

using namespace std::chrono_literals;
using test::brief;
using test::temporary_folder;
namespace fs = std::filesystem;

std::string rule(const std::string& remote) {
  return "[[endpoints]]\nlisten = \":0\"\nremote = \"" + remote + ":1\"\n";
}

std::string remotes(const fs::path& path) {
  std::string all;
  for (const auto& each : load_path(path, {}).value.endpoints) all += each.remote.host + ' ';
  return all;
}

/// Another working directory while it lives.
class working_directory {
 public:
  explicit working_directory(const fs::path& other) : before_(fs::current_path()) {
    fs::current_path(other);
  }
  ~working_directory() { fs::current_path(before_); }
  working_directory(const working_directory&) = delete;
  working_directory& operator=(const working_directory&) = delete;

 private:
  fs::path before_;
};

/// Without the privileges of root while it lives: root may read and list everything.
class unprivileged {
 public:
  explicit unprivileged(const temporary_folder& folder) : before_(::geteuid()) {
    if (before_ != 0) return;
    fs::permissions(folder.path(), fs::perms{0755});
    EXPECT_EQ(::seteuid(65534), 0);
  }
  ~unprivileged() { EXPECT_EQ(::seteuid(before_), 0); }
  unprivileged(const unprivileged&) = delete;
  unprivileged& operator=(const unprivileged&) = delete;

 private:
  uid_t before_;
};

TEST(FolderOrder, IsThatOfTheBytesOfTheNames) {
  const temporary_folder folder;
  for (const auto* name : {"b", "B", "10", "2", "a-b", "a", "\u00e4", "_"}) {
    folder.write(std::string(name) + ".toml", rule("n" + std::to_string(name[0])));
  }
  EXPECT_EQ(remotes(folder.path()), "n49 n50 n66 n95 n97 n97 n98 n-61 ");
}

TEST(FolderOrder, TakesAFolderWhereItsNameStands) {
  const temporary_folder folder;
  folder.write("a.toml", rule("a"));
  folder.write("b/x.toml", rule("x"));
  folder.write("b/c/y.toml", rule("y"));
  folder.write("b/d.toml", rule("d"));
  folder.write("b.toml", rule("b"));
  EXPECT_EQ(remotes(folder.path()), "a y d x b ");
}

TEST(FolderRoot, MayBeCalledByADot) {
  const temporary_folder folder;
  folder.write(".hidden/a.toml", rule("a"));
  const working_directory inside(folder.path() / ".hidden");
  for (const auto* root : {".", "./", "..//.hidden", "../.hidden/", "./."}) {
    EXPECT_EQ(remotes(root), "a ") << root;
  }
  folder.write("b.toml", rule("b"));
  EXPECT_EQ(remotes(".."), "b ") << "what is below it and begins with a dot is skipped";
}

TEST(FolderRoot, MayBeALink) {
  const temporary_folder folder;
  folder.write("real/a.toml", rule("a"));
  fs::create_directory_symlink("real", folder.path() / "link");
  EXPECT_EQ(remotes(folder.path() / "link"), "a ");
}

TEST(FolderLinks, LeadToFilesAndFolders) {
  const temporary_folder folder;
  const temporary_folder elsewhere;
  elsewhere.write("data", rule("file"));
  elsewhere.write("more/a.toml", rule("folder"));
  fs::create_symlink(elsewhere.path() / "data", folder.path() / "a.toml");
  fs::create_directory_symlink(elsewhere.path() / "more", folder.path() / "b");
  fs::create_directory_symlink(elsewhere.path() / "more", folder.path() / "c");
  fs::create_directory_symlink(elsewhere.path() / "more", folder.path() / ".d");
  EXPECT_EQ(remotes(folder.path()), "file folder folder ");
}

TEST(FolderLinks, EndWhereTheyComeBack) {
  const temporary_folder folder;
  folder.write("a/b/x.toml", rule("x"));
  fs::create_directory_symlink("..", folder.path() / "a/b/parent");
  fs::create_directory_symlink(".", folder.path() / "a/b/self");
  fs::create_symlink("two.toml", folder.path() / "one.toml");
  fs::create_symlink("one.toml", folder.path() / "two.toml");
  EXPECT_EQ(remotes(folder.path()), "x ");
}

TEST(FolderFiles, ThatCannotBeReadAbortTheStart) {
  const temporary_folder folder;
  folder.write("a.toml", rule("a"));
  // A regular file whose first page nobody can read, root neither.
  fs::create_symlink("/proc/self/mem", folder.path() / "b.toml");
  try {
    load_path(folder.path(), {});
    FAIL();
  } catch (const config_error& failure) {
    ASSERT_EQ(failure.problems().size(), 1U) << failure.what();
    EXPECT_TRUE(failure.problems()[0].where.from->name.ends_with("/b.toml"));
    EXPECT_TRUE(failure.problems()[0].message.starts_with("cannot read it: ")) << failure.what();
  }
}

TEST(FolderFiles, ThatMayNotBeReadAbortTheStart) {
  const temporary_folder folder;
  folder.write("a.toml", rule("a"));
  fs::permissions(folder.path() / "a.toml", fs::perms::none);
  const unprivileged nobody(folder);
  EXPECT_THROW(load_path(folder.path(), {}), config_error);
}

TEST(FolderFiles, BelowAFolderThatMayNotBeListedAreMissedWithAWarning) {
  const temporary_folder folder;
  folder.write("a.toml", rule("a"));
  folder.write("b/c.toml", rule("c"));
  fs::permissions(folder.path() / "b", fs::perms::none);
  {
    const unprivileged nobody(folder);
    const auto made = load_path(folder.path(), {});
    EXPECT_EQ(made.value.endpoints.size(), 1U);
    EXPECT_EQ(made.warnings.size(), 1U);
  }
  fs::permissions(folder.path() / "b", fs::perms::owner_all);
}

TEST(FolderFiles, OfOtherKindsAreNotLookedAt) {
  const temporary_folder folder;
  folder.write("a.toml", rule("a"));
  fs::create_symlink("/dev/null", folder.path() / "null.toml");
  fs::create_directory(folder.path() / "folder.toml");
  for (const auto* name : {"b.Toml", "b.JSON", "b.toml.bak", "btoml", "b.toml ", "b.jsonc", "b"}) {
    folder.write(name, "not a configuration");
  }
  EXPECT_EQ(remotes(folder.path()), "a ");
}

TEST(FolderFiles, NeedNoEndpointsButAFileAloneDoes) {
  const temporary_folder folder;
  folder.write("1.toml", "[log]\nlevel = \"info\"\n");
  folder.write("2.json", "{}");
  folder.write("3.toml", "");
  const auto made = load_path(folder.path(), {});
  EXPECT_EQ(made.value.log.level, log_level::info);
  EXPECT_EQ(brief(made.warnings), "");
  for (const auto* name : {"1.toml", "2.json", "3.toml"}) {
    try {
      load_path(folder.path() / name, {});
      ADD_FAILURE() << name;
    } catch (const config_error& failure) {
      EXPECT_EQ(failure.problems().at(0).message, "there are no `endpoints`") << name;
    }
  }
}

TEST(FolderMerge, TakesEachKeyFromTheFirstFileThatHasIt) {
  const std::pair<std::string, std::pair<const char*, const char*>> keys[]{
      {"log.level", {"\"info\"", "\"warn\""}},
      {"log.output", {"\"a\"", "\"b\""}},
      {"dns.mode", {"\"ipv4_only\"", "\"ipv6_only\""}},
      {"dns.protocol", {"\"tcp\"", "\"udp\""}},
      {"dns.nameservers", {"[\"1.1.1.1:1\"]", "[\"2.2.2.2:2\", \"3.3.3.3:3\"]"}},
      {"dns.min_ttl", {"1", "2"}},
      {"dns.max_ttl", {"3", "4"}},
      {"dns.cache_size", {"5", "6"}},
      {"process.shutdown_timeout", {"7", "8"}},
      {"process.worker_stall", {"17", "18"}},
      {"process.max_connections", {"9", "10"}},
      {"process.socket_memory", {"\"1KiB\"", "\"2KiB\""}},
      {"process.user", {"\"a\"", "\"b\""}},
      {"process.sandbox", {"\"on\"", "\"off\""}},
      {"control.path", {"\"/run/a\"", "\"off\""}},
      {"network.tcp_timeout", {"11", "12"}},
      {"network.use_udp", {"false", "true"}},
      {"network.trusted_proxies", {"[]", "[\"::1\"]"}}};
  for (const auto& [key, values] : keys) {
    const temporary_folder folder;
    folder.write("0.toml", rule("a"));
    folder.write("1.toml", key + " = " + values.first + '\n');
    folder.write("2.toml", key + " = " + values.second + '\n');
    const auto merged = load_path(folder.path(), {}).value;
    EXPECT_EQ(merged, test::load(key + " = " + values.first + '\n' + rule("a")).value) << key;
    EXPECT_NE(merged, test::load(key + " = " + values.second + '\n' + rule("a")).value) << key;
  }
}

TEST(FolderMerge, ANameIsOfOneEndpointInAllFiles) {
  const temporary_folder folder;
  folder.write("1.toml", rule("a") + "name = \"web\"\n");
  folder.write("2.toml", rule("b") + "name = \"web\"\n");
  try {
    load_path(folder.path(), {});
    ADD_FAILURE() << "it was accepted";
  } catch (const config_error& failure) {
    const auto& told = failure.problems().at(0);
    EXPECT_NE(told.where.to_string().find("2.toml:"), std::string::npos) << told.where.to_string();
    EXPECT_NE(told.message.find("1.toml:"), std::string::npos) << told.message;
  }
}

TEST(FolderMerge, ChecksTheWholeNotTheParts) {
  const temporary_folder folder;
  folder.write("1.toml", "[dns]\nmin_ttl = 10\n");
  folder.write("2.toml", "[dns]\nmax_ttl = 9\n");
  EXPECT_THROW(load_path(folder.path(), {}), config_error);
  folder.write("0.toml", "[dns]\nmin_ttl = 8\n");
  EXPECT_EQ(load_path(folder.path(), {}).value.dns.min_ttl, 8s);
}

}  // namespace
}  // namespace relay::config
