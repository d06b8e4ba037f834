#include "capabilities.hpp"

#include <relay/ops/privileges.hpp>

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

namespace relay::ops {
namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

std::optional<std::uint32_t> as_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  // The highest number stands for "leave it as it is" in the system calls.
  if (ec != std::errc() || end != text.data() + text.size() || number == UINT32_MAX) return {};
  return number;
}

/// Calls one of the reentrant look-ups with a buffer that is large enough.
template <class Entry, class Lookup>
std::optional<Entry> looked_up(std::vector<char>& buffer, Lookup lookup) {
  Entry entry{};
  Entry* found = nullptr;
  for (buffer.resize(4096);; buffer.resize(buffer.size() * 2)) {
    const int wrong = lookup(&entry, buffer.data(), buffer.size(), &found);
    if (wrong == ERANGE && buffer.size() < (std::size_t{1} << 24)) continue;
    if (wrong != 0 || found == nullptr) return {};
    return entry;
  }
}

struct user_entry {
  std::string name;
  uid_t user;
  gid_t group;
};

std::optional<user_entry> find_user(const std::string& name) {
  std::vector<char> buffer;
  auto found =
      looked_up<passwd>(buffer, [&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); });
  const auto number = as_number(name);
  if (!found && number) {
    found = looked_up<passwd>(buffer, [&](auto... rest) { return ::getpwuid_r(*number, rest...); });
  }
  if (!found) return {};
  return user_entry{found->pw_name, found->pw_uid, found->pw_gid};
}

std::optional<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer;
  const auto found =
      looked_up<::group>(buffer, [&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); });
  if (found) return found->gr_gid;
  return as_number(name);
}

std::vector<gid_t> groups_of(const std::string& user, gid_t first) {
  int count = 64;
  std::vector<gid_t> all;
  do {
    all.resize(static_cast<std::size_t>(count));
  } while (::getgrouplist(user.c_str(), first, all.data(), &count) < 0);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> all(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  all.resize(
      static_cast<std::size_t>(std::max(::getgroups(static_cast<int>(all.size()), all.data()), 0)));
  return all;
}

bool same_set(std::vector<gid_t> one, std::vector<gid_t> other, gid_t in_both) {
  for (auto* each : {&one, &other}) {
    each->push_back(in_both);
    std::ranges::sort(*each);
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  return one == other;
}

bool is_already(const identity& who) {
  uid_t users[3];
  gid_t groups[3];
  if (::getresuid(&users[0], &users[1], &users[2]) != 0) return false;
  if (::getresgid(&groups[0], &groups[1], &groups[2]) != 0) return false;
  return std::ranges::all_of(users, [&](uid_t each) { return each == who.user; }) &&
         std::ranges::all_of(groups, [&](gid_t each) { return each == who.group; }) &&
         same_set(own_groups(), who.groups, who.group);
}

void must(bool ok, const std::string& what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

void change_identity(const identity& who) {
  // Groups first: without the user's rights they could not be set any more.
  must(::setgroups(who.groups.size(), who.groups.data()) == 0, "setting the groups of " + who.name);
  must(::setresgid(who.group, who.group, who.group) == 0, "setting the group of " + who.name);
  must(::setresuid(who.user, who.user, who.user) == 0, "becoming " + who.name);
  const bool is_back = who.user != 0 && ::setresuid(uid_t(-1), 0, uid_t(-1)) == 0;
  if (is_back || !is_already(who)) {
    throw std::system_error(EPERM, std::generic_category(),
                            "having become " + who.name + ", root is still within reach");
  }
}

}  // namespace

std::variant<identity, unknown_identity> find_identity(const std::string& user,
                                                       const std::string& group) {
  identity who;
  who.name = user;
  const auto entry = find_user(user);
  const auto number = as_number(user);
  if (!entry && !number)
    return unknown_identity{"user", "there is no user `" + user + "` on this machine",
                            "name one that `getent passwd` lists, or give its number"};
  if (!entry && group.empty())
    return unknown_identity{"user", "user " + user + " has no group, since it has no name here",
                            "give `group` as well"};
  who.user = entry ? entry->user : *number;
  if (entry) who.group = entry->group;
  if (!group.empty()) {
    const auto found = find_group(group);
    if (!found)
      return unknown_identity{"group", "there is no group `" + group + "` on this machine",
                              "name one that `getent group` lists, or give its number"};
    who.group = *found;
  }
  who.groups = entry ? groups_of(entry->name, who.group) : std::vector<gid_t>{who.group};
  return who;
}

std::string obstacle(const identity& who) {
  if (is_already(who)) return {};
  const auto missing = bit(CAP_SETUID) | bit(CAP_SETGID);
  if ((capabilities::own().effective & missing) == missing) return {};
  if (::geteuid() != 0)
    return "only root can become another user, and relay was started as user " +
           std::to_string(::geteuid());
  return "this process is root without the capabilities SETUID and SETGID, as in a container that "
         "has dropped them";
}

void become(const identity& who) {
  const auto kept = capabilities::own().permitted & bit(CAP_NET_BIND_SERVICE);
  capabilities::bound_to(kept);  // while the right to do so is there
  if (!is_already(who)) {
    must(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "keeping capabilities");
    change_identity(who);
    must(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0, "keeping no further capabilities");
  }
  const capabilities only{kept, kept, kept};
  must(only.apply(), "dropping capabilities");
  capabilities::make_ambient(kept);
  if (capabilities::own() != only)
    throw std::system_error(EPERM, std::generic_category(), "dropping capabilities");
}

void bound_rights() { capabilities::bound_to(bit(CAP_NET_BIND_SERVICE)); }

bool is_all_powerful() {
  return ::geteuid() == 0 && (capabilities::own().effective & bit(CAP_DAC_OVERRIDE)) != 0;
}

void forbid_new_privileges() { (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

void allow_core_dumps(bool allowed) { (void)::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0); }

}  // namespace relay::ops
