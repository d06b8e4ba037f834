#include "control_print.hpp"

#include <relay/config/label.hpp>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace relay::app {
namespace {

using json = nlohmann::ordered_json;

/// What an older or newer daemon does not say is left out, not a failure.
std::string text_at(const json& of, const char* name) {
  const auto found = of.find(name);
  if (found == of.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number_at(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_number() ? found->get<std::uint64_t>() : 0;
}

const json& part(const json& of, const char* name) {
  static const json nothing = json::object();
  const auto found = of.find(name);
  return found == of.end() ? nothing : *found;
}

std::string counted(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

/// The two largest units of a time.
std::string lasting(std::uint64_t ms) {
  const auto s = ms / 1000;
  if (s < 60) return fmt::format("{}.{} s", s, ms % 1000 / 100);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

/// `client_eof 100, idle 2`.
std::string counts(const json& of) {
  std::string text;
  for (const auto& [name, times] : of.items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, times.dump());
  return text;
}

void add_row(std::string& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to += fmt::format("  {:<13}{}\n", name, text);
}

std::string label(const json& of) {
  return config::endpoint_label(text_at(of, "listen"), text_at(of, "name"));
}

std::string remotes(const json& of) {
  std::string text;
  for (const auto& each : part(of, "remotes")) {
    const auto health = text_at(each, "health");
    text += (text.empty() ? "" : ", ") + text_at(each, "address");
    if (health != "unknown") text += ' ' + health;
    if (health == "aside") text += " for " + lasting(number_at(each, "aside_ms"));
  }
  return text;
}

std::string now_and_ever(const json& of) {
  if (of.empty()) return {};
  return fmt::format("{} now, {} in all", number_at(of, "live"), number_at(of, "total"));
}

std::string endpoint_text(const json& of) {
  auto text = "\nendpoint " + label(of) + ": " + text_at(of, "state") + '\n';
  add_row(text, "error", text_at(of, "error"));
  add_row(text, "remotes", remotes(of));
  add_row(text, "connections", now_and_ever(part(of, "connections")));
  add_row(text, "associations", now_and_ever(part(of, "associations")));
  if (const auto warm = number_at(of, "warm")) add_row(text, "warm", std::to_string(warm));
  if (const auto& bytes = part(of, "bytes"); !bytes.empty())
    add_row(text, "bytes",
            fmt::format("up {}, down {}", counted(number_at(bytes, "up")),
                        counted(number_at(bytes, "down"))));
  if (const auto& datagrams = part(of, "datagrams"); !datagrams.empty())
    add_row(text, "datagrams",
            fmt::format("up {}, down {}, lost {}", number_at(datagrams, "up"),
                        number_at(datagrams, "down"), number_at(datagrams, "lost")));
  add_row(text, "ends", counts(part(of, "ends")));
  add_row(text, "errors", counts(part(of, "errors")));
  return text;
}

std::string status_text(const json& of) {
  const auto& process = part(of, "process");
  const auto& descriptors = part(process, "descriptors");
  std::uint64_t stalled = number_at(process, "stalled_workers");
  auto text =
      fmt::format("relay {}, process {}, {}, up {}, generation {}\n", text_at(process, "version"),
                  number_at(process, "pid"), text_at(process, "state"),
                  lasting(number_at(process, "uptime_ms")), number_at(process, "generation"));
  text += fmt::format("{} workers{}, {} of {} descriptors, {} of memory, log level {}\n",
                      part(process, "workers").size(),
                      stalled == 0 ? "" : fmt::format(" ({} do not turn)", stalled),
                      number_at(descriptors, "open"), number_at(descriptors, "limit"),
                      counted(number_at(process, "memory_bytes")), text_at(process, "log_level"));
  for (const auto& each : part(of, "endpoints")) text += endpoint_text(each);
  return text;
}

/// Columns as wide as their widest cell; numbers stand at the right.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& right) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += right[i] == 'r' ? fmt::format("{:>{}}", row[i], widths[i])
                              : fmt::format("{:<{}}", row[i], widths[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

std::string sessions_text(const json& of) {
  const auto& all = part(of, "sessions");
  const auto matching = number_at(of, "matching");
  if (all.empty()) return "no sessions\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "KIND", "STATE", "AGE", "CLIENT", "LISTEN", "REMOTE", "UP", "DOWN"}};
  for (const auto& each : all) {
    const auto via = text_at(each, "via");
    const auto& bytes = part(each, "bytes");
    const bool tls = part(each, "client_tls") == true || part(each, "remote_tls") == true;
    rows.push_back({text_at(each, "id"), text_at(each, "kind") + (tls ? "+tls" : ""),
                    text_at(each, "state"), lasting(number_at(each, "age_ms")),
                    text_at(each, "client") + (via.empty() ? "" : " via " + via), label(each),
                    text_at(each, "remote"), counted(number_at(bytes, "up")),
                    counted(number_at(bytes, "down"))});
  }
  auto text = table(rows, "rllrlllrr");
  if (matching > all.size())
    text += fmt::format("{} more match; --filter makes them fewer\n", matching - all.size());
  return text;
}

}  // namespace

std::string printed_answer(command asked, const std::string& result) {
  const auto read = json::parse(result, nullptr, false);
  if (!read.is_object()) return result + '\n';
  if (asked == command::status) return status_text(read);
  if (asked == command::sessions) return sessions_text(read);
  // The others answer with a sentence, or some lines.
  auto text = text_at(read, "text");
  if (text.empty()) return result + '\n';
  return text.ends_with('\n') ? text : text + '\n';
}

}  // namespace relay::app
