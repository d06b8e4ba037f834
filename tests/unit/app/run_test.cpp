#include <relay/app/run.hpp>
#include <relay/base/log.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

namespace relay::app {
namespace {

namespace fs = std::filesystem;

/// Runs the program with a serve() that only remembers what it was to serve.
class Run : public ::testing::Test {
 protected:
  Run() {
    std::string pattern = (fs::temp_directory_path() / "relay-run-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Run() override { fs::remove_all(folder_); }

  int run_with(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    served_.clear();
    words.insert(words.begin(), called_as_);
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    const auto variable = [this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    const auto serve = [this](const config::settings& what, logs&, const serve_options& options) {
      served_.push_back(what);
      options_ = options;
      if (options.ready) options.ready();
      return answer_;
    };
    return run(static_cast<int>(argv.size()), argv.data(), {variable, out_, err_, serve});
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  bool says(const std::string& part) const { return err_.str().find(part) != std::string::npos; }
  bool prints(const std::string& part) const { return out_.str().find(part) != std::string::npos; }

  fs::path folder_;
  std::map<std::string, std::string> variables_{{"RELAY_WORKERS", "2"},
                                                {"container", "test"}};  // no control socket
  std::ostringstream out_, err_;
  std::vector<config::settings> served_;
  serve_options options_;
  int answer_ = exit_done;
  std::string called_as_ = "relay";
  const std::string toml_ = "[[endpoints]]\nlisten = \"127.0.0.1:1\"\nremote = \"a:2\"\n";
};

TEST_F(Run, ServesTheEndpointOfTheCommandLine) {
  EXPECT_EQ(run_with({"-l", "127.0.0.1:1", "-r", "a:2", "-6", "-p", "64"}), exit_done);
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_EQ(served_[0].endpoints.at(0).remote.to_string(), "a:2");
  EXPECT_TRUE(served_[0].endpoints.at(0).network.ipv6_only);
  EXPECT_EQ(options_.workers, 2U);
  EXPECT_EQ(options_.pipe_bytes, 64U * 4096);
  EXPECT_TRUE(out_.str().starts_with("fd: soft="));
  EXPECT_TRUE(prints("\npipe capacity: 262144\nlog: level=warn, output=stdout\ndns: "));
  EXPECT_TRUE(prints("\ninited: 127.0.0.1:1 -> [a:2]; options: "));
}

TEST_F(Run, ExitCodeIsThatOfServe) {
  answer_ = exit_unavailable;
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:2"}), exit_unavailable);
}

TEST_F(Run, FileBeatsTheEndpointOfTheCommandLine) {
  EXPECT_EQ(run_with({"-c", file("a.toml", toml_), "-l", ":9", "-r", "z:9", "--tcp-timeout=7"}), 0);
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  ASSERT_EQ(served_[0].endpoints.size(), 1U);
  EXPECT_EQ(served_[0].endpoints[0].remote.to_string(), "a:2");
  EXPECT_EQ(served_[0].endpoints[0].network.tcp_timeout, std::chrono::seconds(7));
}

TEST_F(Run, SaysWhichOfTwoSourcesWins) {
  const auto path = file("a.toml", toml_);
  run_with({"-c", path, "-l", ":9", "-r", "z:9"});
  EXPECT_TRUE(says("warning: `-c " + path + "` wins: the endpoints of the command line"))
      << err_.str();
  run_with({"-c", path, "-l", ":9"});
  EXPECT_TRUE(says("wins: the endpoints of the command line")) << "half a pair as well";
  run_with({"-c", path, "--tcp-timeout=7"});
  EXPECT_EQ(err_.str(), "") << "options are used all the same";
  variables_["RELAY_CONF"] = toml_;
  run_with({"-c", path});
  EXPECT_TRUE(says("warning: the variable RELAY_CONF wins: `-c` is not used\n")) << err_.str();
  run_with({"check", "-c", path});
  EXPECT_EQ(err_.str(), "") << "check obeys its words";
  called_as_ = "realm";
  run_with({"-c", path, "-l", ":9", "-r", "z:9"});
  EXPECT_EQ(err_.str(), "") << "as the reference";
}

TEST_F(Run, TwoEndpointsAtOneAddressAreAMistakeUnlessThatIsMeant) {
  const auto path = file("a.toml", toml_ + toml_);
  EXPECT_EQ(run_with({"-c", path}), exit_config);
  EXPECT_TRUE(says("a.toml:5:10: error: `listen`: 127.0.0.1:1 (TCP) is already used by"))
      << err_.str();
  EXPECT_TRUE(served_.empty());
  const auto meant = file("b.toml", toml_ + toml_ + "[process]\nbind = \"partial\"\n");
  EXPECT_EQ(run_with({"-c", meant}), exit_done);
  EXPECT_TRUE(says("b.toml:5:10: warning: `listen`: 127.0.0.1:1 (TCP) is already used by"));
  EXPECT_EQ(served_.size(), 1U);
  EXPECT_EQ(run_with({"check", "-c", meant}), exit_done);
  called_as_ = "realm";
  EXPECT_EQ(run_with({"-c", path}), exit_done);
  EXPECT_EQ(served_.size(), 1U);
}

TEST_F(Run, ALogThatCannotBeWrittenIsToldWithItsKey) {
  const auto path = file("a.toml", "[log]\noutput = \"/nonexistent/x.log\"\n" + toml_);
  const std::string what = "`output`: cannot write /nonexistent/x.log: no such file or directory\n";
  EXPECT_EQ(run_with({"check", "-c", path}), exit_done) << "a service may be somebody else";
  EXPECT_TRUE(says("a.toml:2:10: warning: " + what)) << err_.str();
  EXPECT_EQ(run_with({"check", "--strict", "-c", path}), exit_config);
  EXPECT_TRUE(says("not ok: 1 warning (--strict)\n")) << err_.str();
  EXPECT_EQ(run_with({"-c", path}), exit_config);
  EXPECT_TRUE(says("a.toml:2:10: error: " + what)) << err_.str();
  EXPECT_TRUE(says("make the folder /nonexistent")) << err_.str();
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:2", "--log-output", "/nonexistent/x.log"}), exit_config);
  EXPECT_TRUE(says("error: " + what)) << err_.str();
  EXPECT_TRUE(served_.empty());
}

TEST_F(Run, TheLevelIsWarnUnderOurNameAndOffUnderTheReferences) {
  run_with({"-l", ":1", "-r", "a:2"});
  EXPECT_EQ(served_.at(0).log.level, config::log_level::warn);
  run_with({"-l", ":1", "-r", "a:2", "--log-level=info"});
  EXPECT_EQ(served_.at(0).log.level, config::log_level::info);
  called_as_ = "realm";
  run_with({"-l", ":1", "-r", "a:2"});
  EXPECT_EQ(served_.at(0).log.level, config::log_level::off);
}

TEST_F(Run, VariableBeatsTheFileAndOursBeatsTheReferences) {
  variables_["REALM_CONF"] = "[[endpoints]]\nlisten = \":1\"\nremote = \"realm:1\"\n";
  run_with({"-c", file("a.toml", toml_), "-6"});
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_EQ(served_[0].endpoints.at(0).remote.host, "realm");
  EXPECT_TRUE(served_[0].endpoints[0].network.ipv6_only) << "overrides still apply";
  variables_["RELAY_CONF"] = "[[endpoints]]\nlisten = \":1\"\nremote = \"relay:1\"\n";
  run_with({});
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_EQ(served_[0].endpoints.at(0).remote.host, "relay");
}

TEST_F(Run, VariableThatDoesNotParseIsAnErrorWithItsPlace) {
  variables_["REALM_CONF"] = "endpoints = [";
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:1"}), exit_config);
  EXPECT_TRUE(says("REALM_CONF:1:")) << err_.str();
  EXPECT_TRUE(served_.empty());
}

TEST_F(Run, CompletionsGoToStdout) {
  EXPECT_EQ(run_with({"completion", "zsh"}), exit_done);
  EXPECT_TRUE(out_.str().starts_with("#compdef relay\n"));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(run_with({"completion", "tcsh"}), exit_usage);
  EXPECT_TRUE(says("bash, zsh and fish")) << err_.str();
}

TEST_F(Run, ServeLearnsTheEnvironmentAndTheProcessThatWasStarted) {
  variables_["NOTIFY_SOCKET"] = "/run/somewhere";
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:1"}), exit_done);
  EXPECT_EQ(options_.started_as, ::getpid());
  EXPECT_EQ(options_.variable("NOTIFY_SOCKET"), "/run/somewhere");
}

TEST_F(Run, EmptyVariableIsNone) {
  variables_["REALM_CONF"] = " \n";
  EXPECT_EQ(run_with({}), exit_usage);
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:1"}), exit_done);
}

TEST_F(Run, NoArgumentsPrintTheHelpOnStderr) {
  EXPECT_EQ(run_with({}), exit_usage);
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(says("OPTIONS"));
}

TEST_F(Run, HelpBeatsVersionAndBothGoToStdout) {
  EXPECT_EQ(run_with({"-v", "-h"}), exit_done);
  EXPECT_TRUE(prints("FLAGS"));
  EXPECT_EQ(run_with({"-v", "-l", "a"}), exit_done);
  EXPECT_TRUE(out_.str().starts_with("relay " RELAY_VERSION));
  EXPECT_EQ(run_with({"check", "--help"}), exit_done);
  EXPECT_TRUE(prints("--strict"));
  EXPECT_EQ(run_with({"convert", "--help"}), exit_done);
  EXPECT_TRUE(prints("Usage: relay convert"));
}

/// Takes nothing, as a full disk does.
class full_disk final : public std::streambuf {
  int_type overflow(int_type) override { return traits_type::eof(); }
};

TEST_F(Run, AnAnswerThatCannotBeWrittenIsAFailure) {
  const auto path = file("a.toml", toml_);
  full_disk nowhere;
  auto* const before = out_.std::ios::rdbuf(&nowhere);
  for (const auto& words : std::vector<std::vector<std::string>>{{"-h"},
                                                                 {"-v"},
                                                                 {"check", "--help"},
                                                                 {"check", "-c", path},
                                                                 {"check", "--print", "-c", path},
                                                                 {"convert", path},
                                                                 {"completion", "bash"}}) {
    out_.clear();
    EXPECT_EQ(run_with(words), exit_failure) << words[0];
    EXPECT_TRUE(says("error: cannot write to the standard output")) << words[0];
  }
  out_.clear();
  EXPECT_EQ(run_with({"convert", file("b.toml", "x = ")}), exit_config) << "which is worse";
  out_.std::ios::rdbuf(before);
}

TEST_F(Run, NonsenseAndHalfEndpointsPrintNothingOnStdout) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--nope"}, {"-u", "-u"}, {"-l", ":1"}, {"-r", "a:1"}, {"-u"}, {"word"}}) {
    EXPECT_EQ(run_with(words), exit_usage) << words[0];
    EXPECT_EQ(out_.str(), "");
    EXPECT_NE(err_.str(), "");
  }
}

TEST_F(Run, BadConfigurationEndsWith78) {
  EXPECT_EQ(run_with({"-c", folder_ / "none.toml"}), exit_config);
  EXPECT_EQ(run_with({"-c", file("a.toml", "endpoints = 3\n")}), exit_config);
  EXPECT_TRUE(says("a.toml:1:"));
  EXPECT_EQ(run_with({"-l", "127.0.0.1", "-r", "a:1"}), exit_config);
  EXPECT_EQ(run_with({"-j", "./a.so", "-l", ":1", "-r", "a:1"}), exit_config);
  EXPECT_TRUE(says("error: cannot load the hook library ./a.so: "));
  EXPECT_EQ(run_with({"check", "-j", "./a.so", "-l", ":1", "-r", "a:1"}), exit_config);
  EXPECT_TRUE(says("error: cannot load the hook library ./a.so: "));
  EXPECT_TRUE(served_.empty());
}

TEST_F(Run, LogFileThatCannotBeOpenedEndsWith78) {
  const auto path = (folder_ / "none" / "a.log").string();
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:1", "--log-output", path}), exit_config);
  EXPECT_TRUE(says(path)) << err_.str();
}

TEST_F(Run, BadWorkerCountEndsWith78) {
  variables_ = {{"TOKIO_WORKER_THREADS", "0"}};
  EXPECT_EQ(run_with({"-l", ":1", "-r", "a:1"}), exit_config);
  EXPECT_TRUE(says("TOKIO_WORKER_THREADS"));
}

TEST_F(Run, NothingToServeIsDone) {
  EXPECT_EQ(run_with({"-c", file("a.toml", "endpoints = []\n")}), exit_done);
  EXPECT_TRUE(prints("dns: "));
  EXPECT_TRUE(says("nothing to serve"));
  EXPECT_EQ(run_with({"-t", "-l", ":1", "-r", "a:1"}), exit_config) << "a mistake of one endpoint";
  EXPECT_TRUE(says("would serve nothing")) << err_.str();
  called_as_ = "/usr/bin/realm";
  EXPECT_EQ(run_with({"-t", "-l", ":1", "-r", "a:1"}), exit_done);
  EXPECT_TRUE(prints("inited: "));
  EXPECT_TRUE(served_.empty());
}

TEST_F(Run, WarningsReachStderrAndTheLog) {
  const auto log = (folder_ / "a.log").string();
  run_with({"-c", file("a.toml", toml_ + "remot = 1\n"), "--log-output", log, "--log-level=warn"});
  EXPECT_TRUE(says("a.toml:4:")) << err_.str();
  std::stringstream text;
  text << std::ifstream(log).rdbuf();
  EXPECT_NE(text.str().find("[relay][WARN]"), std::string::npos);
  EXPECT_EQ(served_.size(), 1U);
}

TEST_F(Run, LegacyFilesAreServedWithAWordOfWarning) {
  run_with({"-c", file("old.json", R"({"listening_addresses": ["127.0.0.1"],
    "listening_ports": ["1"], "remote_addresses": ["1.1.1.1"], "remote_ports": ["2"]})")});
  EXPECT_TRUE(says("attention: you are using a legacy config file!\n")) << err_.str();
  EXPECT_EQ(served_.size(), 1U);
}

TEST_F(Run, BadLimitsAreReportedAndServingGoesOn) {
  EXPECT_EQ(run_with({"-n", "many", "-p", "few", "-l", ":1", "-r", "a:1"}), exit_done);
  EXPECT_TRUE(err_.str().starts_with("invalid nofile value: many\ninvalid page value: few\n"));
  EXPECT_FALSE(prints("pipe capacity"));
  EXPECT_EQ(served_.size(), 1U);
}

TEST_F(Run, CheckReportsAndServesNothing) {
  EXPECT_EQ(run_with({"check", "-c", file("a.toml", toml_)}), exit_done);
  EXPECT_EQ(out_.str(), "configuration ok: 1 endpoint\n");
  EXPECT_EQ(run_with({"check", "-l", ":1", "-r", "a:1", "-l", ":2", "-r", "a:1"}), exit_done);
  EXPECT_EQ(out_.str(), "configuration ok: 2 endpoints\n");
  EXPECT_EQ(run_with({"check"}), exit_usage);
  EXPECT_TRUE(served_.empty());
}

TEST_F(Run, NameServerThatIsNoneEndsTheStart) {
  const std::vector<std::string> words{"-l", ":1", "-r", "a:2", "--dns-servers=1.1.1.1:53,8.8.8.8"};
  EXPECT_EQ(run_with(words), exit_config);
  EXPECT_TRUE(says("entry `8.8.8.8`: a name server needs a port; write 8.8.8.8:53")) << err_.str();
  EXPECT_TRUE(says("hint: as in --dns-servers=8.8.8.8:53"));
  EXPECT_TRUE(served_.empty());
  EXPECT_EQ(run_with({"check", "-c", file("a.toml", toml_), "--dns-servers=x"}), exit_config);
  EXPECT_TRUE(says("entry `x`")) << err_.str();
}

TEST_F(Run, CheckObeysItsOwnFileFirst) {
  variables_["RELAY_CONF"] = "endpoints = 3";
  EXPECT_EQ(run_with({"check", "-c", file("a.toml", toml_)}), exit_done);
  EXPECT_EQ(run_with({"check"}), exit_config);
  EXPECT_TRUE(says("RELAY_CONF:1:"));
}

TEST_F(Run, StrictCheckFailsOnWarnings) {
  const auto path = file("a.toml", toml_ + "remot = 1\n");
  EXPECT_EQ(run_with({"check", "-c", path}), exit_done);
  EXPECT_TRUE(says("a.toml:4:"));
  EXPECT_EQ(run_with({"check", "-c", path, "--strict"}), exit_config);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Run, CheckRefusesDuplicateListeners) {
  EXPECT_EQ(run_with({"check", "-c", file("a.toml", toml_ + toml_)}), exit_config);
  EXPECT_TRUE(says("a.toml:")) << err_.str();
}

TEST_F(Run, CheckPrintsWhatReadsBackTheSame) {
  ASSERT_EQ(run_with({"check", "--print", "-c", file("a.toml", toml_), "-6"}), exit_done);
  const auto printed = file("b.toml", out_.str());
  run_with({"-c", printed});
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_TRUE(served_[0].endpoints.at(0).network.ipv6_only);
}

TEST_F(Run, ConvertWritesToStdoutOrToAFile) {
  const auto old = file("old.json", R"({"listening_addresses": ["127.0.0.1"],
    "listening_ports": ["1-2"], "remote_addresses": ["1.1.1.1"], "remote_ports": ["2"]})");
  ASSERT_EQ(run_with({"convert", old}), exit_done) << err_.str();
  EXPECT_TRUE(prints("[[endpoints]]"));
  EXPECT_TRUE(out_.str().ends_with("\n\n"));
  const auto path = (folder_ / "new.json").string();
  ASSERT_EQ(run_with({"convert", "-t", "json", "-o", path, old}), exit_done);
  EXPECT_EQ(out_.str(), "");
  run_with({"-c", path});
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_EQ(served_[0].endpoints.size(), 2U);
}

TEST_F(Run, ConvertNamesWhatItCannotReadOrWrite) {
  EXPECT_EQ(run_with({"convert", folder_ / "none"}), exit_config);
  EXPECT_TRUE(says("none: no such file"));
  EXPECT_EQ(run_with({"convert", file("bad.toml", "endpoints = 3")}), exit_config);
  EXPECT_TRUE(says("bad.toml:1:"));
  EXPECT_EQ(run_with({"convert"}), exit_usage);
  EXPECT_TRUE(says("Usage: relay convert"));
}

TEST_F(Run, ConvertTakesWhateverCanBeLoaded) {
  ASSERT_EQ(run_with({"convert", "-t", "json", file("new.toml", toml_ + "colour = 3\n")}),
            exit_done);
  EXPECT_TRUE(prints("\"endpoints\": ["));
  EXPECT_TRUE(says("unknown key `colour`"));
  fs::create_directory(folder_ / "folder");
  file("folder/a.toml", toml_);
  ASSERT_EQ(run_with({"convert", folder_ / "folder"}), exit_done);
  EXPECT_TRUE(prints("[[endpoints]]"));
  EXPECT_FALSE(out_.str().ends_with("\n\n"));
}

TEST_F(Run, ConvertUnderTheNameOfTheReferenceTakesItsOldFilesOnly) {
  called_as_ = "/usr/bin/realm";
  EXPECT_EQ(run_with({"convert", file("new.toml", toml_)}), exit_config);
  EXPECT_EQ(run_with({"convert", folder_}), exit_config);
  EXPECT_TRUE(says("cannot read"));
  const auto old = file("old.json", R"({"listening_addresses": ["127.0.0.1"],
    "listening_ports": ["1"], "remote_addresses": ["1.1.1.1"], "remote_ports": ["2"]})");
  EXPECT_EQ(run_with({"convert", old}), exit_done) << err_.str();
}

TEST_F(Run, DemoServesAnEndpointInFrontOfItsOwnServer) {
  EXPECT_EQ(run_with({"demo"}), exit_done);
  ASSERT_EQ(served_.size(), 1U) << err_.str();
  EXPECT_EQ(served_[0].endpoints.at(0).listen.host, "127.0.0.1");
  EXPECT_TRUE(prints("curl http://" + served_[0].endpoints[0].listen.to_string() + "/\n"));
}

}  // namespace
}  // namespace relay::app
