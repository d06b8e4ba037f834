#include "reload_commands.hpp"

#include "control_reports.hpp"

#include <relay/forward/totals.hpp>

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relay::app {
namespace {

namespace codes = ops::control_codes;
using nlohmann::json;

// Whoever has forgotten the reload by then would not know why the old configuration comes back.
constexpr std::chrono::hours longest_confirmation{24};

/// Several mistakes are one error: the first one's code, and all their texts.
ops::control_error error_of(const reload_answer& why) {
  std::string all;
  for (const auto& each : why.failures) {
    if (!all.empty()) all += '\n';
    all += each.message;
  }
  return {std::string(to_string(why.failures.front().what)), all};
}

std::string told(const reload_answer& answer) {
  std::string text;
  for (const auto& each : answer.warnings) text += each + '\n';
  text += answer.plan;
  while (text.ends_with('\n')) text.pop_back();
  json made{{"text", text}, {"generation", answer.generation}};
  made["plan"] = json::parse(answer.plan_json);
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::chrono::milliseconds> milliseconds_in(const std::string& text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, number);
  const std::chrono::milliseconds made(number);
  if (ec != std::errc{} || stop != end || number <= 0 || made > longest_confirmation) return {};
  return made;
}

}  // namespace

void reload_commands::reload(const ops::control_arguments& with, answer reply) {
  std::optional<std::chrono::milliseconds> within;
  if (const auto given = with.find("confirm_ms"); given != with.end()) {
    within = milliseconds_in(given->second);
    if (!within) {
      return reply(refusal(codes::bad_argument, "`confirm_ms` is a time, of 24 hours at most"));
    }
  }
  if (!with.contains("wait")) {
    reloader_.reload(within);
    return reply(text_report("reloading; the log tells what comes of it (--wait to be told)"));
  }
  reloader_.reload(within, [reply = std::move(reply)](const reload_answer& what) {
    if (!what.failures.empty()) return reply(error_of(what));
    reply(told(what));
  });
}

// With the number of sessions that each change meets, which only the workers know.
void reload_commands::plan(const ops::control_arguments& with, answer reply) {
  std::optional<std::string> path;
  if (const auto given = with.find("config"); given != with.end()) path = given->second;
  server_.add_up([this, path, reply](std::vector<forward::endpoint_totals> all) {
    std::map<std::size_t, std::uint64_t> live;
    for (const auto& each : all) {
      live[each.endpoint] = each.live.connections + each.live.associations;
    }
    boost::asio::post(loop_, [this, path, reply, live] {
      const auto what = reloader_.plan(path, [&live](std::size_t before) {
        const auto found = live.find(before);
        return found == live.end() ? 0 : found->second;
      });
      if (!what.failures.empty()) return reply(error_of(what));
      reply(told(what));
    });
  });
}

void reload_commands::confirm(const ops::control_arguments& /*with*/, answer reply) {
  if (reloader_.confirm()) return reply(text_report("the configuration is confirmed"));
  reply(ops::control_error{std::string(to_string(code::confirm)),
                           "no configuration waits to be confirmed"});
}

}  // namespace relay::app
