#include "app/cpu_count.hpp"

#include <gtest/gtest.h>

#include <map>

namespace relay::app {
namespace {

TEST(CpuCount, QuotaOfVersionTwoIsRoundedUp) {
  EXPECT_EQ(cpus_of_v2("150000 100000\n"), 2U);
  EXPECT_EQ(cpus_of_v2("200000 100000\n"), 2U);
  EXPECT_EQ(cpus_of_v2("10000 100000\n"), 1U);
}

TEST(CpuCount, NoQuotaIsNoAnswer) {
  for (const char* text : {"max 100000\n", "", "100000", "0 100000", "1 0", "a b", "-1 100000"})
    EXPECT_FALSE(cpus_of_v2(text)) << text;
  EXPECT_FALSE(cpus_of_v1("-1\n", "100000\n"));
  EXPECT_FALSE(cpus_of_v1("", ""));
}

TEST(CpuCount, QuotaOfVersionOneIsRoundedUp) { EXPECT_EQ(cpus_of_v1("250000\n", "100000\n"), 3U); }

TEST(CpuCount, FolderIsTakenFromTheRightHierarchy) {
  const char* mixed = "9:memory:/m\n4:cpu,cpuacct:/docker/1\n3:cpuset:/s\n0::/two\n";
  EXPECT_EQ(cgroup_folder(mixed, true), "/docker/1");
  EXPECT_EQ(cgroup_folder(mixed, false), "/two");
  EXPECT_EQ(cgroup_folder("3:cpuset:/s\n", true), std::nullopt);
  EXPECT_EQ(cgroup_folder("10::/x\nrubbish\n", false), std::nullopt);
  EXPECT_EQ(cgroup_folder("", true), std::nullopt);
}

std::optional<std::size_t> quota(std::map<std::string, std::string> files) {
  return quota_cpus([&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(CpuCount, TightestQuotaOnTheWayUpCounts) {
  EXPECT_EQ(quota({{"/proc/self/cgroup", "0::/a/b\n"},
                   {"/sys/fs/cgroup/a/b/cpu.max", "max 100000"},
                   {"/sys/fs/cgroup/a/cpu.max", "300000 100000"},
                   {"/sys/fs/cgroup/cpu.max", "800000 100000"}}),
            3U);
}

TEST(CpuCount, RootOfAContainerIsRead) {
  EXPECT_EQ(quota({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "100000 100000"}}),
            1U);
  EXPECT_EQ(quota({{"/proc/self/cgroup", "1:cpu:/\n0::/\n"},
                   {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000"},
                   {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"}}),
            2U);
}

TEST(CpuCount, NothingToReadIsNoQuota) {
  EXPECT_FALSE(quota({}));
  EXPECT_FALSE(quota({{"/proc/self/cgroup", "0::/a\n"}}));
}

TEST(CpuCount, ThisMachineHasAtLeastOne) { EXPECT_GE(usable_cpus(), 1U); }

parsed<std::size_t> workers(std::map<std::string, std::string> variables) {
  return worker_count([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(WorkerCount, OurVariableComesBeforeTheReferences) {
  EXPECT_EQ(*workers({{"RELAY_WORKERS", "3"}, {"TOKIO_WORKER_THREADS", "5"}}), 3U);
  EXPECT_EQ(*workers({{"TOKIO_WORKER_THREADS", "5"}}), 5U);
  EXPECT_EQ(*workers({}), usable_cpus());
}

TEST(WorkerCount, WhatIsNoNumberOfThreadsIsNamed) {
  for (const char* bad : {"0", "", "two", "-1", "2x", "99999999999999999999", "1025"}) {
    const auto got = workers({{"TOKIO_WORKER_THREADS", bad}});
    EXPECT_FALSE(got) << bad;
    EXPECT_NE(got.wrong.find("TOKIO_WORKER_THREADS"), std::string::npos);
  }
}

}  // namespace
}  // namespace relay::app
