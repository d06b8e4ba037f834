#include "hardening.hpp"

#include <relay/base/unique_fd.hpp>
#include <relay/config/credentials.hpp>
#include <relay/ops/sandbox.hpp>

#include <spdlog/logger.h>

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <system_error>

namespace relay::app {
namespace {

namespace fs = std::filesystem;

using identity_or_not = std::variant<ops::identity, ops::unknown_identity>;

config::problem about(const config::process& what, std::string_view key, std::string message,
                      std::string hint, config::problem::level severity) {
  return {severity, what.keys.at(key), '`' + std::string(key) + "`: " + std::move(message),
          std::move(hint)};
}

/// Whom `user` and `group` name; nothing, or a problem more.
std::optional<ops::identity> wanted_user(const config::process& what,
                                         std::vector<config::problem>& problems) {
  if (what.user.empty()) return {};
  auto found = ops::find_identity(what.user, what.group);
  if (auto* who = std::get_if<ops::identity>(&found)) return std::move(*who);
  auto& unknown = std::get<ops::unknown_identity>(found);
  problems.push_back(about(what, unknown.key, std::move(unknown.message), std::move(unknown.hint),
                           config::problem::level::error));
  return {};
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

/// Files of certificates and keys, which are read again whenever they change.
std::vector<std::string> certificate_files(const config::settings& what) {
  const auto credentials = variable("CREDENTIALS_DIRECTORY");
  std::vector<std::string> all;
  for (const auto& each : what.endpoints) {
    if (const auto& in = each.listen_transport->value; in.tls) {
      auto of = *in.tls;
      (void)config::expand_credentials(of, credentials);  // what is wrong has been told
      all.insert(all.end(), {of.cert, of.key, of.ocsp, of.client_ca});
    }
    if (const auto& out = each.remote_transport->value; out.tls) {
      auto of = *out.tls;
      (void)config::expand_credentials(of, credentials);
      all.insert(all.end(), {of.ca, of.client_cert, of.client_key});
    }
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase(all, std::string());
  return all;
}

std::string own_loader() {
  std::string found;
  ::dl_iterate_phdr(
      [](dl_phdr_info* of, std::size_t, void* into) {
        for (int at = 0; at < of->dlpi_phnum; ++at) {
          const auto& part = of->dlpi_phdr[at];
          if (part.p_type != PT_INTERP) continue;
          // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the kernel tells it
          *static_cast<std::string*>(into) =
              reinterpret_cast<const char*>(of->dlpi_addr + part.p_vaddr);
        }
        return 1;  // the program itself comes first; nobody else has one
      },
      &found);
  return found;
}

/// Files are replaced by renaming others over them, often through links: what may be read is the
/// folder where the name stands and the one where the file is. `/` itself would be everything.
void add_with_folder(std::vector<std::string>& to, const fs::path& file) {
  std::error_code ec;
  to.push_back(file);
  for (const auto& each : {fs::absolute(file, ec), fs::weakly_canonical(file, ec)}) {
    const auto folder = each.parent_path();
    if (!folder.empty() && folder != folder.root_path()) to.push_back(folder);
  }
}

bool is_file(const config::log& what) { return what.output != "stdout" && what.output != "stderr"; }

ops::reachable_files reachable(const config::settings& what, const fs::path& configuration,
                               const fs::path& control) {
  ops::reachable_files all;
  if (!control.empty()) all.sockets.push_back(fs::absolute(control).parent_path());
  // Name service, time zone and authorities; libraries; what the kernel tells.
  all.read = {"/etc", "/usr",         "/lib",        "/lib64",   "/proc",
              "/sys", "/dev/urandom", "/dev/random", "/dev/null"};
  add_with_folder(all.read, "/etc/resolv.conf");
  for (const auto& each : certificate_files(what)) add_with_folder(all.read, each);
  if (!configuration.empty()) add_with_folder(all.read, configuration);
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "HOSTALIASES"}) {
    if (auto at = variable(name)) all.read.push_back(*std::move(at));
  }
  all.written = {"/dev/null"};
  std::error_code ec;
  if (is_file(what.log)) {
    const auto kind = fs::status(what.log.output, ec).type();
    if (kind == fs::file_type::regular || kind == fs::file_type::not_found)
      add_with_folder(all.written, what.log.output);
    else
      all.written.push_back(what.log.output);
  }
  // An upgrade replaces the file, so it is the folder that counts.
  add_with_folder(all.executed, fs::read_symlink("/proc/self/exe", ec));
  if (const auto loader = own_loader(); !loader.empty()) add_with_folder(all.executed, loader);
  return all;
}

void warn(spdlog::logger& log, const std::string& message) {
  std::cerr << "warning: " << message << '\n';
  log.warn("{}", message);
}

}  // namespace

std::vector<config::problem> hardening_problems(const config::settings& what) {
  std::vector<config::problem> problems;
  (void)wanted_user(what.process, problems);
  if (what.process.sandbox && !ops::has_landlock())
    problems.push_back(about(what.process, "sandbox",
                             "this kernel has no Landlock (Linux 5.13, `lsm=` at boot): files are "
                             "not restricted",
                             "system calls are", config::problem::level::warning));
  return problems;
}

hardening::hardening(const config::settings& what, fs::path configuration, fs::path control)
    : settings_(what), configuration_(std::move(configuration)), control_(std::move(control)) {
  std::vector<config::problem> problems;
  user_ = wanted_user(what.process, problems);
  if (user_) {
    if (auto why = ops::obstacle(*user_); !why.empty())
      problems.push_back(about(what.process, "user", std::move(why),
                               "start relay as root, or as that user without this key",
                               config::problem::level::error));
  }
  if (!problems.empty()) throw config::config_error(std::move(problems));
  std::error_code ec;
  makes_log_ = is_file(what.log) && !fs::exists(fs::symlink_status(what.log.output, ec));
  if (!what.process.core_dumps) ops::allow_core_dumps(false);
}

void hardening::before_threads() {
  ops::forbid_new_privileges();
  if (user_ && !user_->is_root()) ops::bound_rights();
  if (!settings_.process.sandbox || !ops::has_landlock()) return;
  if (const auto ec = ops::restrict_files(reachable(settings_, configuration_, control_)))
    throw std::system_error(ec.value(), std::generic_category(), "sandbox: restricting files");
}

void hardening::after_binding(spdlog::logger& log) {
  const auto& what = settings_.process;
  if (user_ && !user_->is_root()) {
    hand_over_log();
    ops::become(*user_);
    ops::allow_core_dumps(what.core_dumps);
    log.info("continuing as user {} ({}:{})", user_->name, user_->user, user_->group);
    warn_about_files(log);
  } else if (!user_ && ops::is_all_powerful()) {
    log.warn("relay runs as root; set `process.user` to drop root's rights once it listens{}",
             configuration_.empty() ? ", in a configuration file (-c)" : "");
  }
  if (!what.sandbox) return;
  for (const auto& each : hardening_problems(settings_)) warn(log, each.message);
  if (const auto ec = ops::restrict_calls())
    throw std::system_error(ec.value(), std::generic_category(), "sandbox: restricting calls");
  log.info("the sandbox is closed");
}

/// A log file that this start has made belongs to the new user, who opens it again on SIGUSR1. Its
/// folder may be somebody else's, who may have put something in its place: so only a plain file of
/// ours that has no other name is given away.
void hardening::hand_over_log() const {
  if (!makes_log_) return;
  const unique_fd file(
      ::open(settings_.log.output.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat what {};
  if (!file || ::fstat(file.get(), &what) != 0) return;
  if (!S_ISREG(what.st_mode) || what.st_nlink != 1 || what.st_uid != ::geteuid()) return;
  // If it cannot be had, the next warning says so.
  [[maybe_unused]] const auto given = ::fchown(file.get(), user_->user, user_->group);
}

void hardening::warn_about_files(spdlog::logger& log) const {
  for (const auto& each : certificate_files(settings_)) {
    if (::access(each.c_str(), R_OK) != 0)
      warn(log, "user " + user_->name + " cannot read " + each +
                    ": when it changes, what has been "
                    "read as root stays in use");
  }
  if (is_file(settings_.log) && ::access(settings_.log.output.c_str(), W_OK) != 0)
    warn(log, "user " + user_->name + " cannot write " + settings_.log.output +
                  ": after SIGUSR1 the log goes on into the old file");
}

}  // namespace relay::app
