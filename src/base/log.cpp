#include <relay/base/error.hpp>
#include <relay/base/log.hpp>
#include <relay/base/unique_fd.hpp>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

namespace relay {
namespace {

/// The level in the words that realm's lines have; spdlog's own are lower-case, and `warning`.
class level_word final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&,
              spdlog::memory_buf_t& into) override {
    const auto word = name(line.level);
    into.append(word.data(), word.data() + word.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<level_word>();
  }

 private:
  static std::string_view name(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::trace:
        return "TRACE";
      case spdlog::level::debug:
        return "DEBUG";
      case spdlog::level::info:
        return "INFO";
      case spdlog::level::warn:
        return "WARN";
      default:
        return "ERROR";
    }
  }
};

std::unique_ptr<spdlog::formatter> line_format() {
  auto format = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::local, "\n");
  format->add_flag<level_word>('*');
  format->set_pattern("[%Y-%m-%d][%H:%M:%S][%n][%*]%v");
  return format;
}

/// Appends; created readable for all and writable for the owner whatever `-d` did to the umask.
unique_fd open_log(const std::string& path) {
  return unique_fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
}

/// Writes each line with one write(), so that a reader never sees half of one and nothing is lost
/// when the process is killed. Owns the descriptor of a file, borrows that of a standard stream.
class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit line_sink(int borrowed) : base_sink(line_format()), fd_(borrowed) {}
  explicit line_sink(unique_fd file)
      : base_sink(line_format()), file_(std::move(file)), fd_(file_.get()) {}

  void swap_file(unique_fd file) {
    const std::lock_guard lock(mutex_);
    file_ = std::move(file);
    fd_ = file_.get();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    spdlog::memory_buf_t text;
    formatter_->format(line, text);
    for (std::size_t done = 0; done < text.size();) {
      const auto rc = ::write(fd_, text.data() + done, text.size() - done);
      if (rc < 0 && errno == EINTR) continue;
      if (rc <= 0) return;  // a full disk or a closed pipe costs log lines, never service
      done += static_cast<std::size_t>(rc);
    }
  }
  void flush_() override {}

 private:
  unique_fd file_;
  int fd_;
};

spdlog::level::level_enum to_spdlog(logs::level level) {
  switch (level) {
    case logs::level::error:
      return spdlog::level::err;
    case logs::level::warn:
      return spdlog::level::warn;
    case logs::level::info:
      return spdlog::level::info;
    case logs::level::debug:
      return spdlog::level::debug;
    case logs::level::trace:
      return spdlog::level::trace;
    case logs::level::off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

struct logs::parts {
  spdlog::level::level_enum filter;
  std::string path;  ///< empty: a standard stream
  std::shared_ptr<line_sink> sink;
  std::mutex mutex;  ///< guards `targets`; a logger is found once by whoever keeps it, then used
  std::map<std::string, spdlog::logger, std::less<>> targets;
};

logs::logs(level filter, std::string output) : parts_(std::make_unique<parts>()) {
  parts_->filter = to_spdlog(filter);
  if (output == "stdout" || output == "stderr") {
    parts_->sink = std::make_shared<line_sink>(output == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
    return;
  }
  auto file = open_log(output);
  if (!file) throw std::system_error(errno, std::generic_category(), output);
  parts_->sink = std::make_shared<line_sink>(std::move(file));
  parts_->path = std::move(output);
}

logs::~logs() = default;

spdlog::logger& logs::target(std::string_view name) {
  const std::lock_guard lock(parts_->mutex);
  if (const auto known = parts_->targets.find(name); known != parts_->targets.end())
    return known->second;
  auto& made =
      parts_->targets
          .try_emplace(std::string(name), std::string(name), spdlog::sink_ptr(parts_->sink))
          .first->second;
  made.set_level(parts_->filter);
  return made;
}

std::string logs::reopen() {
  if (parts_->path.empty()) return {};
  auto file = open_log(parts_->path);
  if (!file) return "cannot open " + parts_->path + ": " + describe(last_system_error());
  parts_->sink->swap_file(std::move(file));
  return {};
}

}  // namespace relay
