#include "log_writer.hpp"

#include <relay/base/log.hpp>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
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

const char* clock_of(logs::stamp time) {
  switch (time) {
    case logs::stamp::local:
      return "%H:%M:%S.%e";
    case logs::stamp::utc:
      return "%H:%M:%S.%eZ";
    case logs::stamp::zone:
      return "%H:%M:%S.%e%z";
    case logs::stamp::seconds:
      break;
  }
  return "%H:%M:%S";
}

std::unique_ptr<spdlog::formatter> line_format(logs::stamp time) {
  const auto of =
      time == logs::stamp::utc ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local;
  auto format = std::make_unique<spdlog::pattern_formatter>(of, "\n");
  format->add_flag<level_word>('*');
  format->set_pattern("[%Y-%m-%d][" + std::string(clock_of(time)) + "][%n][%*]%v");
  return format;
}

std::string formatted(spdlog::formatter& by, const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  by.format(line, text);
  return {text.data(), text.size()};
}

/// The log's own lines, with a formatter of their own: they are made on the writer's thread.
log_writer::line_maker own_lines(logs::stamp time) {
  return [format = std::shared_ptr(line_format(time))](bool is_error, const std::string& text) {
    const auto level = is_error ? spdlog::level::err : spdlog::level::warn;
    return formatted(*format, spdlog::details::log_msg("relay::log", level, text));
  };
}

log_output open_output(const std::string& name) {
  if (name == "stdout") return log_output(STDOUT_FILENO);
  if (name == "stderr") return log_output(STDERR_FILENO);
  return log_output(name);
}

/// Makes lines and gives them to the writer.
class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  line_sink(log_writer& to, logs::stamp time) : base_sink(line_format(time)), to_(to) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    spdlog::memory_buf_t text;
    formatter_->format(line, text);
    to_.put({text.data(), text.size()});
  }
  void flush_() override {}

 private:
  log_writer& to_;
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

// Some 8,000 lines: what a busy relay says while its reader pauses for a second.
constexpr std::size_t ring_bytes = std::size_t{1} << 20;

}  // namespace

struct logs::parts {
  logs::level level;
  spdlog::level::level_enum filter;  ///< the same
  std::string remark;
  bool shares_stderr = false;
  std::unique_ptr<log_writer> writer;  ///< none when nothing is ever logged
  std::shared_ptr<line_sink> sink;
  std::mutex mutex;  ///< guards the filter and `targets`; a logger is found once by whoever keeps
                     ///< it, then used
  std::map<std::string, spdlog::logger, std::less<>> targets;
};

logs::logs(level filter, const std::string& output, stamp time)
    : parts_(std::make_unique<parts>()) {
  parts_->level = filter;
  parts_->filter = to_spdlog(filter);
  auto opened = open_output(output);
  if (filter == level::off) return;
  if (opened.lacks_reader())
    parts_->remark = output + " is a FIFO without a reader: lines wait there for one";
  parts_->shares_stderr = opened.is_same_as(STDERR_FILENO);
  parts_->writer = std::make_unique<log_writer>(std::move(opened), ring_bytes, own_lines(time));
  parts_->sink = std::make_shared<line_sink>(*parts_->writer, time);
}

logs::~logs() = default;

spdlog::logger& logs::target(std::string_view name) {
  const std::lock_guard lock(parts_->mutex);
  if (const auto known = parts_->targets.find(name); known != parts_->targets.end())
    return known->second;
  const std::string called(name);
  auto& made = (parts_->sink ? parts_->targets.try_emplace(called, called, parts_->sink)
                             : parts_->targets.try_emplace(called, called))
                   .first->second;
  made.set_level(parts_->filter);
  return made;
}

spdlog::logger& logs::answers() {
  auto& made = target("relay::status");
  const std::lock_guard lock(parts_->mutex);
  if (!is_off()) made.set_level(std::min(parts_->filter, spdlog::level::info));
  return made;
}

bool logs::set_filter(level filter) {
  const std::lock_guard lock(parts_->mutex);
  if (is_off()) return filter == level::off;
  parts_->level = filter;
  parts_->filter = to_spdlog(filter);
  for (auto& [name, each] : parts_->targets) each.set_level(parts_->filter);
  return true;
}

logs::level logs::filter() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->level;
}

bool logs::is_off() const noexcept { return !parts_->writer; }

bool logs::shares_stderr() const noexcept { return parts_->shares_stderr; }

void logs::reopen() {
  if (parts_->writer) parts_->writer->reopen();
}

std::shared_ptr<log_output> logs::open(const std::string& output) {
  return std::make_shared<log_output>(open_output(output));
}

void logs::redirect(const std::shared_ptr<log_output>& to) {
  if (!parts_->writer) return;
  parts_->shares_stderr = to->is_same_as(STDERR_FILENO);
  parts_->writer->redirect(std::move(*to));
}

bool logs::flush() const { return !parts_->writer || parts_->writer->flush(log_writer::farewell); }

const std::string& logs::remark() const { return parts_->remark; }

}  // namespace relay
