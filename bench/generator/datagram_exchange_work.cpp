#include "datagrams.hpp"
#include "held.hpp"
#include "measurement.hpp"
#include "works.hpp"

#include <sys/epoll.h>

#include <array>

namespace relay::bench {
namespace {

/// The remote: sends everything back to where it came from.
class datagram_echo final : public handler {
 public:
  datagram_echo(loop& events, unique_fd socket) : socket_(std::move(socket)), incoming_(false) {
    events.add(socket_.get(), *this, EPOLLIN);
  }

  void ready(std::uint32_t) override {
    const auto got = incoming_.receive(socket_.get());
    for (std::size_t i = 0; i < got; ++i) {
      const auto& message = incoming_.message(i);
      (void)::sendto(socket_.get(), incoming_.data(i), message.msg_len, 0,
                     static_cast<const sockaddr*>(message.msg_hdr.msg_name),
                     message.msg_hdr.msg_namelen);  // a lost one is asked again
    }
  }

 private:
  unique_fd socket_;
  datagram_receiver incoming_;
};

/// A client with one question under way; a lost one is repeated when nothing else moves.
class flow final : public handler {
 public:
  flow(loop& events, unique_fd socket, std::size_t size, std::uint64_t& done, histogram& latency)
      : socket_(std::move(socket)), size_(size), done_(done), latency_(latency) {
    events.add(socket_.get(), *this, EPOLLIN);
  }

  void ask() {
    begun_ = steady::now();
    (void)::send(socket_.get(), message_.data(), size_, 0);
  }

  void ready(std::uint32_t) override {
    std::array<char, 2048> answer;
    if (::recv(socket_.get(), answer.data(), answer.size(), 0) < 0) return;
    latency_.add(steady::now() - begun_);
    ++done_;
    answered = true;
    if (goes_on) ask();
  }

  bool goes_on = true;
  bool answered = false;

 private:
  unique_fd socket_;
  std::size_t size_;
  std::uint64_t& done_;
  histogram& latency_;
  steady::time_point begun_;
  std::array<char, 1472> message_{};
};

/// The flows and their remote.
struct scene {
  scene(options& given, bool goes_on)
      : size(static_cast<std::size_t>(given.number("size", 64))), to(given.where("to")) {
    const auto listen = given.where("listen");
    if (size == 0 || size > 1472) throw usage_error("--size: 1 to 1472");
    {
      const in_network there(given.text("server-net"));
      echo = std::make_unique<datagram_echo>(events, datagrams_on(listen, datagram_buffer));
    }
    const in_network here(given.text("client-net"));
    flows.resize(given.number("flows", 64));
    for (auto& one : flows) {
      one = std::make_unique<flow>(events, datagrams_to(to, 1 << 16), size, done, latency);
      one->goes_on = goes_on;
    }
  }

  std::size_t size;
  address to;
  loop events;
  std::unique_ptr<datagram_echo> echo;
  std::uint64_t done = 0;
  histogram latency;
  std::vector<std::unique_ptr<flow>> flows;
};

}  // namespace

int datagram_exchange_work(options& given) {
  scene on(given, true);
  std::uint64_t warmed_up = 0;
  measurement run(given, [&] { warmed_up = on.done, on.latency.clear(); });
  given.check();
  std::uint64_t before = 0;
  std::uint64_t stalls = 0;
  for (auto& one : on.flows) one->ask();
  for (auto checked = steady::now(); run.goes_on();) {
    on.events.turn(std::chrono::milliseconds(10));
    if (steady::now() - checked < std::chrono::milliseconds(300)) continue;
    if (on.done == before) {  // everything that was under way is lost
      ++stalls;
      for (auto& one : on.flows) one->ask();
    }
    before = on.done;
    checked = steady::now();
  }
  auto told = run.results();
  const auto units = on.done - warmed_up;
  told.add("units", units).add("bytes", units * on.size * 2).add("errors", stalls);
  told.add(on.latency).print();
  return 0;
}

int datagram_idle_work(options& given) {
  scene on(given, false);
  const auto limit = given.seconds("limit", 60);
  given.check();
  const auto end = steady::now() + std::chrono::duration<double>(limit);
  std::uint64_t up = 0;
  for (auto& one : on.flows) {  // one after the other: no burst that something drops
    while (!one->answered && steady::now() < end) {
      one->ask();
      on.events.turn(std::chrono::milliseconds(200));
    }
    up += one->answered ? 1 : 0;
  }
  return hold(on.events,
              [&] { return report().add("units", up).add("errors", on.flows.size() - up); });
}

}  // namespace relay::bench
