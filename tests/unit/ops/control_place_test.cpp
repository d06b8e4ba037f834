#include <relay/ops/control_place.hpp>

#include <gtest/gtest.h>

#include <map>

namespace relay::ops {
namespace {

struct surroundings {
  std::map<std::string, std::string> variables{};
  uid_t user = 0;
  bool in_container = false;

  variable_reader reader() const {
    return [all = variables](const char* name) -> std::optional<std::string> {
      const auto found = all.find(name);
      return found == all.end() ? std::nullopt : std::optional(found->second);
    };
  }
  control_place find(const std::string& given = {}, const std::string& name = "web") const {
    return find_control_place(given, name, {reader(), user, in_container});
  }
};

TEST(ControlPlace, WhatSomebodyNamesWins) {
  const surroundings all{
      {{"RUNTIME_DIRECTORY", "/run/relay"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}, 7, true};
  const auto place = all.find("/tmp/my.sock");
  EXPECT_EQ(place.path, "/tmp/my.sock");
  EXPECT_TRUE(place.is_asked_for);
  EXPECT_EQ(place.folder, "") << "a folder that is named is not made";
}

TEST(ControlPlace, OffIsNoneWhateverElseIsThere) {
  const surroundings service{{{"RUNTIME_DIRECTORY", "/run/relay"}}};
  EXPECT_EQ(service.find("off").path, "");
  EXPECT_NE(service.find("off").why_none.find("\"off\""), std::string::npos);
}

TEST(ControlPlace, AServiceHasTheFolderThatItsManagerMade) {
  EXPECT_EQ((surroundings{{{"RUNTIME_DIRECTORY", "/run/relay"}, {"XDG_RUNTIME_DIR", "/x"}}, 7})
                .find()
                .path,
            "/run/relay/relay.sock");
  EXPECT_EQ((surroundings{{{"RUNTIME_DIRECTORY", "/run/a:/run/b"}}, 0, true}).find().path,
            "/run/a/relay.sock")
      << "the first of several";
}

TEST(ControlPlace, AUserHasOneInItsRuntimeFolder) {
  const auto place = surroundings{{{"XDG_RUNTIME_DIR", "/run/user/7"}}, 7}.find();
  EXPECT_EQ(place.path, "/run/user/7/relay/web.sock");
  EXPECT_EQ(place.folder, "/run/user/7/relay");
  EXPECT_EQ(place.folder_mode, 0700U);
}

TEST(ControlPlace, RootHasOneInRunWhoeverHasLoggedIn) {
  for (const auto& variables : {std::map<std::string, std::string>{},
                                std::map<std::string, std::string>{{"XDG_RUNTIME_DIR", "/x"}}}) {
    const auto place = surroundings{variables, 0}.find();
    EXPECT_EQ(place.path, "/run/relay/web.sock");
    EXPECT_EQ(place.folder, "/run/relay");
    EXPECT_EQ(place.folder_mode, 0755U);
  }
}

TEST(ControlPlace, AContainerHasNoneUnlessAVariableSaysWhere) {
  const auto none = surroundings{{}, 0, true}.find();
  EXPECT_EQ(none.path, "");
  EXPECT_NE(none.why_none.find("container"), std::string::npos);
  EXPECT_EQ((surroundings{{{"XDG_RUNTIME_DIR", "/run/user/0"}}, 0, true}).find().path,
            "/run/user/0/relay/web.sock");
  EXPECT_EQ((surroundings{{{"RUNTIME_DIRECTORY", ""}}, 0, true}).find().path, "")
      << "empty is unset";
}

TEST(ControlPlace, AUserWithoutARuntimeFolderHasNone) {
  const auto none = surroundings{{}, 7}.find();
  EXPECT_EQ(none.path, "");
  EXPECT_NE(none.why_none.find("XDG_RUNTIME_DIR"), std::string::npos);
}

TEST(ControlPlace, TheDaemonAndItsCommandsAgreeOnTheName) {
  EXPECT_EQ(control_name("/etc/relay/web.toml"), "web");
  EXPECT_EQ(control_name("web.json"), "web");
  EXPECT_EQ(control_name("/etc/relay"), "relay");
  EXPECT_EQ(control_name("/etc/relay/"), "relay");
  EXPECT_EQ(control_name("/etc/games/../relay.d/"), "relay");
  EXPECT_EQ(control_name("/"), "relay");
  EXPECT_EQ(control_name(""), "relay");
  EXPECT_NE(control_name("."), ".");
}

TEST(Container, IsTakenForOneWhereItsRuntimeSaysSo) {
  for (const char* name : {"container", "KUBERNETES_SERVICE_HOST"}) {
    EXPECT_TRUE(is_in_container((surroundings{{{name, "x"}}}).reader())) << name;
  }
}

}  // namespace
}  // namespace relay::ops
