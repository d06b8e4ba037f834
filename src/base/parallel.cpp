#include <relay/base/parallel.hpp>

#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace relay {

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::exception_ptr> thrown(count);
  const auto run = [&](std::size_t number) {
    try {
      work(number);
    } catch (...) {
      thrown[number] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;  // joined at the end of this block
    helpers.reserve(count);
    auto left = count;
    try {
      for (; left > 1; --left) helpers.emplace_back(run, left - 1);
    } catch (const std::system_error&) {
      // A limit of processes (ulimit -u, TasksMax=).
    }
    for (std::size_t number = 0; number < left; ++number) run(number);
  }
  for (const auto& each : thrown) {
    if (each) std::rethrow_exception(each);
  }
}

}  // namespace relay
