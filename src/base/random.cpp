#include <relay/base/random.hpp>

#include <sys/random.h>

#include <cerrno>
#include <random>

namespace relay {
namespace {

// A signal may come in between, but a sandbox that always says so must not hold a worker for ever.
constexpr int most_attempts = 16;

}  // namespace

error_code fill_random(std::span<std::byte> into, random_source from) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (into.empty()) return {};
    const auto got = from(into.data(), into.size(), 0);
    if (got < 0 && errno != EINTR) return last_system_error();
    if (got > 0) into = into.subspan(static_cast<std::size_t>(got));  // fewer than asked for, maybe
  }
  return into.empty() ? error_code() : error_code(EINTR, boost::system::system_category());
}

error_code fill_random(std::span<std::byte> into) { return fill_random(into, &::getrandom); }

std::uint64_t random_seed() {
  std::uint64_t made = 0;
  if (!fill_random(std::as_writable_bytes(std::span(&made, 1)))) return made;
  std::random_device source;  // where a sandbox forbids the call
  return static_cast<std::uint64_t>(source()) << 32 | source();
}

}  // namespace relay
