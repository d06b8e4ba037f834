#include "control_service.hpp"

#include <relay/base/log.hpp>
#include <relay/base/words.hpp>
#include <relay/config/words.hpp>
#include <relay/forward/server.hpp>
#include <relay/net/descriptors.hpp>

#include <boost/asio/post.hpp>
#include <spdlog/logger.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace relay::app {
namespace {

namespace codes = ops::control_codes;

/// Of them a people's list is of no use any more, and a reply takes time and memory.
constexpr std::size_t most_sessions = 1000;

std::string text_of(const ops::control_request& what, std::string_view name) {
  const auto found = what.arguments.find(name);
  return found == what.arguments.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string_view word_of(logs::level level) {
  return config::word_for(config::log_level_words, static_cast<config::log_level>(level));
}

}  // namespace

/// A command: what it may be told, what does it, and whether it changes something, which the log is
/// told.
struct control_service::row {
  std::string_view name;
  std::array<std::string_view, 2> arguments;
  bool changes;
  void (control_service::*run)(const request& what, const answer& reply);
};

std::span<const control_service::row> control_service::commands() {
  using service = control_service;
  static constexpr row all[]{{"status", {}, false, &service::status},
                             {"sessions", {"filter"}, false, &service::sessions},
                             {"kill", {"id"}, true, &service::kill},
                             {"drain", {"endpoint"}, true, &service::drain},
                             {"log-level", {"level"}, true, &service::log_level},
                             {"reload", {"wait", "confirm_ms"}, true, &service::reload},
                             {"plan", {"config"}, false, &service::plan},
                             {"confirm", {}, true, &service::confirm}};
  return all;
}

control_service::control_service(boost::asio::io_context& on, forward::server& over, logs& log,
                                 reload_handler& reloads, surroundings around)
    : loop_(on),
      server_(over),
      logs_(log),
      reloads_(reloads),
      around_(std::move(around)),
      socket_(on, *this, log.target("relay::control")) {}

void control_service::handle(const request& what, const ops::control_caller& who, answer reply) {
  const auto all = commands();
  const auto found = std::ranges::find(all, what.command, &row::name);
  if (found == all.end()) {
    std::vector<std::string_view> names;
    for (const auto& each : all) names.push_back(each.name);
    return reply(refusal(codes::unknown_command, "there is no command `" +
                                                     what.command.substr(0, 64) + "`; there are " +
                                                     join_words(names)));
  }
  for (const auto& [name, value] : what.arguments) {
    if (!name.empty() && std::ranges::count(found->arguments, name) > 0) continue;
    return reply(refusal(codes::bad_argument,
                         "`" + what.command + "` has no argument `" + name.substr(0, 64) + "`"));
  }
  if (found->changes) {
    constexpr std::size_t longest = 300;
    auto line = write_request(what);  // as JSON, so that no text of it looks like another line
    line.resize(std::min(line.size() - 1, longest));
    logs_.target("relay::control").info("user {} (process {}): {}", who.user, who.process, line);
  }
  (this->*found->run)(what, reply);
}

bool control_service::takes_long(const request& what) const {
  return what.command == "reload" && what.arguments.contains("wait");
}

template <class Work>
void control_service::later(Work work) {
  boost::asio::post(loop_, std::move(work));
}

process_report control_service::process() const {
  using std::chrono::milliseconds;
  process_report made;
  made.is_draining = around_.is_draining();
  made.generation = reloads_.generation();
  made.uptime = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since_);
  const auto [limit, open] = net::descriptors();
  made.most_descriptors = limit;
  made.open_descriptors = open;
  made.memory = resident_bytes();
  made.loads = server_.loads();
  made.stalled_workers = around_.stalled_workers();
  made.log_level = word_of(logs_.filter());
  return made;
}

void control_service::status(const request& /*what*/, const answer& reply) {
  server_.add_up([this, reply](std::vector<forward::endpoint_totals> all) {
    later([this, reply, all = std::move(all)] {
      reply(status_report(process(), all, around_.failed()));
    });
  });
}

void control_service::sessions(const request& what, const answer& reply) {
  const auto filter = forward::read_session_filter(text_of(what, "filter"));
  if (!filter) return reply(refusal(codes::bad_argument, filter.wrong));
  server_.sessions(*filter, most_sessions, [this, reply](forward::session_list all) {
    later([reply, all = std::move(all)] { reply(sessions_report(all)); });
  });
}

void control_service::kill(const request& what, const answer& reply) {
  const auto text = text_of(what, "id");
  const auto id = number_of(text);
  if (!id) return reply(refusal(codes::bad_argument, "`id` is the number of a session"));
  server_.kill(*id, [reply, text](bool found) {
    if (found) return reply(text_report("session " + text + " is ended"));
    reply(refusal(codes::not_found, "there is no session " + text));
  });
}

void control_service::drain(const request& what, const answer& reply) {
  const auto called = text_of(what, "endpoint");
  const auto found = server_.find_endpoint(called);
  if (!found)
    return reply(refusal(codes::not_found, "no endpoint is called `" + called.substr(0, 128) +
                                               "`; `relay status` has them all"));
  server_.drain_endpoint(*found, [reply, called] {
    reply(text_report("the endpoint " + called + " takes no clients any more"));
  });
}

void control_service::log_level(const request& what, const answer& reply) {
  const auto text = text_of(what, "level");
  std::vector<std::string_view> names;
  for (const auto& each : config::log_level_words) {
    names.push_back(each.name);
    if (each.name != text) continue;
    if (logs_.set_filter(static_cast<logs::level>(each.value)))
      return reply(text_report("the level of the log is " + text));
    return reply(refusal(codes::failed,
                         "the log was off when relay started, so nobody can read it: start it "
                         "with another `log.level`"));
  }
  reply(refusal(codes::bad_argument, "`level` is " + join_words(names)));
}

void control_service::reload(const request& what, const answer& reply) {
  reloads_.reload(what.arguments, reply);
}

void control_service::plan(const request& what, const answer& reply) {
  reloads_.plan(what.arguments, reply);
}

void control_service::confirm(const request& what, const answer& reply) {
  reloads_.confirm(what.arguments, reply);
}

}  // namespace relay::app
