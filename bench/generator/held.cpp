#include "held.hpp"

#include <sys/epoll.h>
#include <unistd.h>

namespace relay::bench {
namespace {

class input_end final : public handler {
 public:
  void ready(std::uint32_t) override {
    char byte = 0;
    seen = ::read(STDIN_FILENO, &byte, 1) <= 0;
  }
  bool seen = false;
};

}  // namespace

int hold(loop& events, const std::function<report()>& told) {
  input_end end;
  events.add(STDIN_FILENO, end, EPOLLIN);
  report().add("up", 1).print();
  while (!end.seen) events.turn(std::chrono::milliseconds(100));
  told().print();
  return 0;
}

}  // namespace relay::bench
