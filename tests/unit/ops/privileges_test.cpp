#include "unit/ops/in_child.hpp"

#include <relay/ops/privileges.hpp>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>

#include <algorithm>

namespace relay::ops {
namespace {

using test::in_child;

std::string why_not(const std::string& user, const std::string& group) {
  const auto found = find_identity(user, group);
  const auto* unknown = std::get_if<unknown_identity>(&found);
  return unknown ? std::string(unknown->key) + ": " + unknown->message : "";
}

identity known(const std::string& user, const std::string& group = {}) {
  return std::get<identity>(find_identity(user, group));
}

TEST(FindIdentity, TakesNamesAndNumbers) {
  const auto* nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  for (const auto& user : {std::string("nobody"), std::to_string(nobody->pw_uid)}) {
    const auto who = known(user);
    EXPECT_EQ(who.user, nobody->pw_uid);
    EXPECT_EQ(who.group, nobody->pw_gid);
    EXPECT_NE(std::ranges::find(who.groups, who.group), who.groups.end());
    EXPECT_FALSE(who.is_root());
  }
  EXPECT_TRUE(known("root").is_root());
}

TEST(FindIdentity, TakesAnotherGroup) {
  const auto* daemon = ::getgrnam("daemon");
  ASSERT_NE(daemon, nullptr);
  EXPECT_EQ(known("nobody", "daemon").group, daemon->gr_gid);
  EXPECT_EQ(known("nobody", std::to_string(daemon->gr_gid)).group, daemon->gr_gid);
  EXPECT_EQ(known("4000000001", "4000000002").groups, (std::vector<gid_t>{4000000002U}));
}

TEST(FindIdentity, SaysWhichOfTheTwoIsUnknown) {
  EXPECT_EQ(why_not("no such", ""), "user: there is no user `no such` on this machine");
  EXPECT_EQ(why_not("nobody", "no such"), "group: there is no group `no such` on this machine");
  EXPECT_EQ(why_not("4000000001", ""),
            "user: user 4000000001 has no group, since it has no name here");
  // The highest number means "leave it as it is" to the kernel.
  for (const auto* wrong : {"4294967295", "4294967296", "-1", "0x10", " 1", "1 "})
    EXPECT_NE(why_not(wrong, "daemon"), "") << wrong;
}

TEST(Become, GivesEverythingUpForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming somebody else takes root";
  const auto who = known("nobody");
  EXPECT_EQ(obstacle(who), "");
  const int answer = in_child([&] {
    become(who);
    if (::getuid() != who.user || ::getegid() != who.group) return 1;
    if (::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgid(0) == 0) return 2;
    if (obstacle(who) != "" || obstacle(known("root")).empty()) return 3;
    if (::prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) != 0) return 4;
    become(who);  // it is that already
    return 0;
  });
  EXPECT_EQ(answer, 0);
}

TEST(Become, IsRefusedToThoseWithoutTheRight) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming somebody else takes root";
  const auto nobody = known("nobody");
  const auto other = known("4000000001", "4000000002");
  EXPECT_EQ(in_child([&] {
              become(nobody);
              if (obstacle(other).find("started as user") == std::string::npos) return 1;
              try {
                become(other);
              } catch (const std::exception&) {
                return 0;
              }
              return 2;
            }),
            0);
}

TEST(Process, GivesUpNewPrivilegesAndItsCore) {
  EXPECT_EQ(in_child([] {
              forbid_new_privileges();
              allow_core_dumps(false);
              if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
              if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
              allow_core_dumps(true);
              return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace relay::ops
