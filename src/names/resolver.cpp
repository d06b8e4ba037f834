#include "resolver_core.hpp"

#include <relay/base/zoned_address.hpp>
#include <relay/names/resolver.hpp>
#include <relay/net/fault.hpp>

#include <ares.h>

#include <cerrno>
#include <utility>

namespace relay::names {
namespace {

/// `fe80::1%eth0` is asked of this machine, each time: the number of a device may change.
std::optional<result<addresses>> of_device(std::string_view name) {
  const auto zoned = zoned_address::parse(name);
  if (!zoned) return std::nullopt;
  const auto found = zoned->resolve();
  if (!found) return error_code(ENODEV, boost::system::system_category());
  return std::make_shared<const std::vector<ip_address>>(1, *found);
}

}  // namespace

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
  if (auto local = of_device(name)) return local;
  return core_->cached(lower_case(name));
}

// An exception would be lost beside a limit that still runs (`net::with_patience`).
task<result<addresses>> resolver::lookup(std::string name, std::size_t worker) {
  std::string key;
  core::joined joined;
  const bool is_begun = net::attempted([&] {
    joined.answer = of_device(name);
    key = lower_case(name);
    if (!joined.answer) joined = core_->join(key, worker, false);
  });
  if (!is_begun) co_return make_error_code(errc::lookup_failed);
  if (joined.answer) co_return *joined.answer;
  auto [ec] = co_await joined.waiting->timer.async_wait();
  co_return core_->conclude(key, *joined.waiting, ec);
}

task<result<addresses>> resolver::lookup_anew(std::string name, std::size_t worker) {
  std::string key;
  core::joined joined;
  const bool is_begun = net::attempted([&] {
    key = lower_case(name);
    joined = core_->join(key, worker, true);
  });
  if (!is_begun) co_return make_error_code(errc::lookup_failed);
  if (joined.answer) co_return *joined.answer;
  auto [ec] = co_await joined.waiting->timer.async_wait();
  co_return core_->conclude(key, *joined.waiting, ec);
}

void resolver::refresh(std::string_view name, std::size_t worker) {
  core_->refresh(lower_case(name), worker);
}

}  // namespace relay::names
