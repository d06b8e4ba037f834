#include "reloader.hpp"

#include "open_log.hpp"

#include <relay/base/log.hpp>
#include <relay/base/units.hpp>

#include <boost/asio/post.hpp>
#include <spdlog/logger.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

namespace relay::app {
namespace {

using namespace std::chrono_literals;

// Listeners that could not be had: somebody else may give up the port at any moment, or never.
constexpr auto first_pause = 1s;
constexpr auto longest_pause = 10s;

reload_answer failed(code what, std::string message) {
  reload_answer made;
  made.failures.push_back({what, std::move(message)});
  return made;
}

reload_answer failures_of(const forward::change& what) {
  reload_answer made;
  for (const auto& each : what.failures) {
    auto message = each.message;
    if (each.endpoint) {
      message = what.next.endpoints[*each.endpoint].origin.to_string() + ": " + message;
    }
    made.failures.push_back({each.what, std::move(message)});
  }
  return made;
}

reload_answer answer_about(const forward::change& what, const config::settings& before) {
  reload_answer made;
  made.plan = config::plan_text(what.diff, before, what.next);
  made.plan_json = config::plan_json(what.diff, before, what.next);
  for (const auto& each : what.warnings) made.warnings.push_back(config::render(each));
  return made;
}

}  // namespace

reloader::reloader(boost::asio::io_context& on, forward::server& running, logs& log, reader read)
    : loop_(on),
      server_(running),
      logs_(log),
      log_(log.target("relay")),
      read_(std::move(read)),
      confirmation_(on),
      retry_(on),
      pause_(first_pause) {}

reloader::~reloader() {
  if (thread_.joinable()) thread_.join();
}

void reloader::start() { await_retry(); }

void reloader::stop() {
  stopped_ = true;
  confirmation_.cancel();
  retry_.cancel();
}

void reloader::reload(std::optional<std::chrono::milliseconds> confirm_within, told answered) {
  if (!read_) {
    return refuse({purpose::reload, {}, std::move(answered), {}},
                  failed(code::internal, "this process has no configuration to read again"));
  }
  if (stopped_) {
    return refuse({purpose::reload, {}, std::move(answered), {}},
                  failed(code::busy, "relay is ending: it reads no configuration any more"));
  }
  if (busy_ && !answered) {  // a signal: whatever has changed meanwhile is read afterwards
    again_ = true;
    return;
  }
  if (busy_) {
    return refuse({purpose::reload, {}, std::move(answered), {}},
                  failed(code::busy, "another reload is under way: try again when it is done"));
  }
  begin({purpose::reload, confirm_within, std::move(answered), {}}, [this] { return read_({}); });
}

// On a thread of its own, as a name server or a slow disk may take long, and the main thread has
// signals to hear and a watchdog to feed.
void reloader::begin(request made, source from) {
  busy_ = true;
  const auto what = std::make_shared<request>(std::move(made));
  thread_ = std::thread([this, what, from = std::move(from)] {
    auto done = std::make_shared<outcome>(attempt(*what, from));
    boost::asio::post(loop_, [this, what, done] { prepared(what, std::move(*done)); });
  });
}

reloader::outcome reloader::attempt(request& of, const source& from) {
  const auto began = std::chrono::steady_clock::now();
  try {
    auto read = from();
    const auto read_in = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
    log_.debug("reload: read and checked in {} us", read_in.count());
    auto made = server_.prepare(std::move(read.value));
    const auto& follows = made->diff.follows;
    if (std::ranges::find(follows, "log.output") != follows.end()) {
      of.log_to = open_output(made->next.log);
    }
    made->warnings.insert(made->warnings.begin(), read.warnings.begin(), read.warnings.end());
    if (!made->failures.empty()) return failures_of(*made);
    return made;
  } catch (const config::config_error& e) {
    return failed(code::config, e.what());
  } catch (const std::exception& e) {
    return failed(code::internal, e.what());
  }
}

void reloader::prepared(const std::shared_ptr<request>& of, outcome made) {
  thread_.join();
  if (auto* const why = std::get_if<reload_answer>(&made)) {
    refuse(*of, std::move(*why));
    return settle();
  }
  if (stopped_) {
    refuse(*of, failed(code::busy, "relay is ending"));
    return settle();
  }
  auto& change = std::get<std::unique_ptr<forward::change>>(made);
  if (of->what == purpose::listen && change->opened.empty()) return settle();
  auto answer = answer_about(*change, server_.settings());
  // The last one that nobody doubts: another try does not make the first one good.
  if (of->confirm_within && !before_) before_ = server_.settings();
  if (of->what == purpose::listen) {
    for (const auto index : server_.deaf()) {
      const auto& now = change->live[index];
      if (now.at) log_.warn("listening on {} at last", now.at->to_string());
    }
  }
  server_.apply(std::move(change), [this, of, answer = std::move(answer)] {
    boost::asio::post(loop_, [this, of, answer] { in_force(of, answer); });
  });
}

void reloader::in_force(const std::shared_ptr<request>& of, reload_answer answer) {
  if (of->what != purpose::listen) ++generation_;
  answer.generation = generation_;
  if (of->log_to) logs_.redirect(of->log_to);
  tell(*of, answer);
  if (follow_) follow_();
  if (of->confirm_within && !stopped_) await_confirmation(*of->confirm_within);
  settle();
}

void reloader::tell(const request& of, const reload_answer& answer) {
  if (of.what == purpose::listen) return;
  for (const auto& each : answer.warnings) log_.warn("{}", each);
  std::istringstream lines(answer.plan);
  std::string line;
  log_.info("the configuration is in force (generation {})", answer.generation);
  while (std::getline(lines, line)) {
    if (line.starts_with('!')) {
      log_.warn("{}", line);
    } else {
      log_.info("{}", line);
    }
  }
  if (of.answered) of.answered(answer);
}

void reloader::refuse(const request& of, reload_answer why) {
  why.generation = generation_;
  if (of.what != purpose::listen) {
    for (const auto& each : why.failures) {
      log_.error("{}: {}", to_string(each.what), each.message);
    }
    log_.error("nothing was changed: the configuration in force stays (generation {})",
               generation_);
  }
  if (of.answered) of.answered(why);
}

void reloader::settle() {
  busy_ = false;
  if (stopped_) return;
  if (std::exchange(again_, false)) return reload();
  await_retry();
}

reload_answer reloader::plan(const std::optional<std::string>& path,
                             const config::session_counts& live) {
  if (!read_) return failed(code::internal, "this process has no configuration to read again");
  try {
    auto read = read_(path);
    const auto& now = server_.settings();
    const auto what = config::diff(now, read.value);
    reload_answer made;
    made.plan = config::plan_text(what, now, read.value, live);
    made.plan_json = config::plan_json(what, now, read.value, live);
    for (const auto& each : read.warnings) made.warnings.push_back(config::render(each));
    made.generation = generation_;
    return made;
  } catch (const config::config_error& e) {
    return failed(code::config, e.what());
  } catch (const std::exception& e) {
    return failed(code::internal, e.what());
  }
}

bool reloader::confirm() {
  if (!before_) return false;
  before_.reset();
  confirmation_.cancel();
  log_.info("the configuration is confirmed (generation {})", generation_);
  return true;
}

void reloader::await_confirmation(std::chrono::milliseconds limit) {
  log_.warn("the configuration before comes back in {} unless this one is confirmed",
            print_duration(limit));
  confirmation_.expires_after(limit);
  confirmation_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) go_back();
  });
}

void reloader::go_back() {
  if (!before_ || stopped_) return;
  if (busy_) return await_confirmation(1s);
  log_.warn("not confirmed: the configuration before comes back");
  config::loaded old;
  old.value = *std::exchange(before_, std::nullopt);
  begin({purpose::go_back, {}, {}, {}}, [old] { return old; });
}

void reloader::await_retry() {
  if (server_.deaf().empty()) {
    pause_ = first_pause;
    return;
  }
  retry_.expires_after(pause_);
  retry_.async_wait([this](const boost::system::error_code& ec) {
    if (ec || busy_ || stopped_) return;
    pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, longest_pause);
    retry();
  });
}

// One that is back may have no address yet: then the next tries find it.
void reloader::device_changed(const std::string& device) {
  if (stopped_) return;
  server_.lose_device(device);
  pause_ = first_pause;
  if (!busy_ && !server_.deaf().empty()) retry();
}

// The configuration in force, once more: what could not be listened on is tried again.
void reloader::retry() {
  config::loaded same;
  same.value = server_.settings();
  begin({purpose::listen, {}, {}, {}}, [same] { return same; });
}

}  // namespace relay::app
