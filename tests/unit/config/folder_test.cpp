#include "unit/config/loading.hpp"

#include <sys/stat.h>

#include <thread>

namespace relay::config {
namespace {

using namespace std::chrono_literals;
using test::temporary_folder;

std::string endpoint_to(const std::string& remote) {
  return "[[endpoints]]\nlisten = \":0\"\nremote = \"" + remote + ":1\"\n";
}

std::string remotes(const loaded& made) {
  std::string all;
  for (const auto& each : made.value.endpoints) all += each.remote.host;
  return all;
}

TEST(LoadPath, ReadsAFileWhateverItsName) {
  const temporary_folder folder;
  folder.write("a.conf", endpoint_to("x"));
  EXPECT_EQ(remotes(load_path(folder.path() / "a.conf", {})), "x");
}

TEST(LoadPath, ReadsAFifo) {
  const temporary_folder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << endpoint_to("x"); });
  EXPECT_EQ(remotes(load_path(path, {})), "x");
  writer.join();
}

TEST(LoadPath, SaysWhyAFileCannotBeRead) {
  try {
    load_path("/nonexistent/relay.toml", {});
    FAIL();
  } catch (const config_error& failure) {
    EXPECT_STREQ(failure.what(),
                 "/nonexistent/relay.toml: error: cannot read it: no such file or directory");
  }
}

TEST(LoadPath, GivesUpOnADeviceThatNeverEnds) {
  EXPECT_THROW(load_path("/dev/zero", {}), config_error);
}

TEST(LoadFolder, TakesFilesByNameDepthFirst) {
  const temporary_folder folder;
  folder.write("c.toml", endpoint_to("c"));
  folder.write("b/2.toml", endpoint_to("e"));
  folder.write("b/1.json", R"({"endpoints":[{"listen":":0","remote":"d:1"}]})");
  folder.write("a.toml", endpoint_to("a"));
  EXPECT_EQ(remotes(load_path(folder.path(), {})), "adec");
}

TEST(LoadFolder, SkipsDotNamesAndOtherSuffixesButNeverTheRoot) {
  const temporary_folder folder;
  folder.write(".conf/a.toml", endpoint_to("a"));
  folder.write(".conf/.b.toml", "not toml");
  folder.write(".conf/.git/c.toml", "not toml");
  folder.write(".conf/d.TOML", "not toml");
  folder.write(".conf/toml", "not toml");
  folder.write(".conf/e.toml~", "not toml");
  EXPECT_EQ(remotes(load_path(folder.path() / ".conf", {})), "a");
  EXPECT_EQ(remotes(load_path(folder.path() / ".conf/.", {})), "a");
}

TEST(LoadFolder, FollowsLinksButNotInCircles) {
  const temporary_folder folder;
  const temporary_folder elsewhere;
  elsewhere.write("b.toml", endpoint_to("b"));
  folder.write("a.toml", endpoint_to("a"));
  std::filesystem::create_directory_symlink(elsewhere.path(), folder.path() / "link");
  std::filesystem::create_directory_symlink(folder.path(), folder.path() / "loop");
  std::filesystem::create_symlink(folder.path() / "nothing", folder.path() / "broken.toml");
  EXPECT_EQ(remotes(load_path(folder.path(), {})), "ab");
}

TEST(LoadFolder, MergesPerKeyAndTheFirstFileWins) {
  const temporary_folder folder;
  folder.write("1.toml", "[log]\nlevel = \"info\"\n[network]\ntcp_timeout = 1\n");
  folder.write("2.toml",
               "[log]\nlevel = \"warn\"\noutput = \"stderr\"\n[network]\n"
               "tcp_timeout = 2\nudp_timeout = 3\n[dns]\nmin_ttl = 4\n" +
                   endpoint_to("a"));
  folder.write("3.toml", endpoint_to("b") + "network.tcp_timeout = 9\n");
  const auto made = load_path(folder.path(), {});
  EXPECT_EQ(made.value.log, (config::log{log_level::info, "stderr"}));
  EXPECT_EQ(made.value.dns.min_ttl, 4s);
  ASSERT_EQ(made.value.endpoints.size(), 2U);
  EXPECT_EQ(made.value.endpoints[0].network.tcp_timeout, 1s);
  EXPECT_EQ(made.value.endpoints[0].network.udp_timeout, 3s);
  EXPECT_EQ(made.value.endpoints[1].network.tcp_timeout, 9s);
  EXPECT_EQ(made.value.endpoints[1].network.udp_timeout, 3s);
}

TEST(LoadFolder, TellsTheProblemsOfAllFiles) {
  const temporary_folder folder;
  folder.write("1.toml", "[log\n");
  folder.write("2.toml", endpoint_to("a") + "[log]\nlevel = 3\n");
  folder.write("3.json", "{");
  try {
    load_path(folder.path(), {});
    FAIL();
  } catch (const config_error& failure) {
    ASSERT_EQ(failure.problems().size(), 3U);
    EXPECT_TRUE(failure.problems()[0].where.from->name.ends_with("1.toml"));
    EXPECT_TRUE(failure.problems()[1].where.to_string().ends_with("2.toml:5:9"));
    EXPECT_TRUE(failure.problems()[2].where.from->name.ends_with("3.json"));
  }
}

TEST(LoadFolder, IsEmptyWithAWarningWhenThereIsNoFile) {
  const temporary_folder folder;
  const auto made = load_path(folder.path(), {});
  EXPECT_TRUE(made.value.endpoints.empty());
  EXPECT_EQ(made.warnings.size(), 1U);
}

TEST(LoadFolder, TakesLegacyFilesAsWell) {
  const temporary_folder folder;
  folder.write("old.json", R"({"listening_addresses": ["0.0.0.0"], "listening_ports": ["1"],
                               "remote_addresses": ["a"], "remote_ports": ["2"]})");
  folder.write("new.toml", endpoint_to("b"));
  const auto made = load_path(folder.path(), {});
  EXPECT_TRUE(made.legacy);
  EXPECT_EQ(remotes(made), "ba");
}

}  // namespace
}  // namespace relay::config
