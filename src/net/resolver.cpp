#include "resolver_core.hpp"

#include <relay/net/resolver.hpp>

#include <ares.h>

#include <utility>

namespace relay::net {

resolver::resolver(config::dns options, spdlog::logger& log, resolver_surroundings around) {
  // Counted by c-ares, but not for several threads at once: so here, not in the channels.
  ares_library_init(ARES_LIB_INIT_ALL);
  core_ = std::make_shared<core>(std::move(options), log, std::move(around));
  core_->know_self(core_);
}

resolver::~resolver() {
  core_->close();
  ares_library_cleanup();
}

void resolver::attach(std::size_t worker, asio::io_context& loop) { core_->attach(worker, loop); }

void resolver::detach(std::size_t worker) { core_->detach(worker); }

std::optional<result<addresses>> resolver::cached(std::string_view name) {
  return core_->cached(lower_case(name));
}

task<result<addresses>> resolver::lookup(std::string name, std::size_t worker) {
  const auto key = lower_case(name);
  const auto joined = core_->join(key, worker, false);
  if (joined.answer) co_return *joined.answer;
  auto [ec] = co_await joined.waiting->timer.async_wait();
  co_return core_->conclude(key, *joined.waiting, ec);
}

task<result<addresses>> resolver::lookup_anew(std::string name, std::size_t worker) {
  const auto key = lower_case(name);
  const auto joined = core_->join(key, worker, true);
  if (joined.answer) co_return *joined.answer;
  auto [ec] = co_await joined.waiting->timer.async_wait();
  co_return core_->conclude(key, *joined.waiting, ec);
}

void resolver::refresh(std::string_view name, std::size_t worker) {
  core_->refresh(lower_case(name), worker);
}

}  // namespace relay::net
