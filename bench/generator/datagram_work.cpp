#include "datagrams.hpp"
#include "measurement.hpp"
#include "works.hpp"

#include <poll.h>

#include <algorithm>

namespace relay::bench {
namespace {

constexpr auto last_arrivals = std::chrono::milliseconds(50);

/// What arrives at the remote.
class datagram_sink {
 public:
  datagram_sink(unique_fd socket, std::size_t size, bool gso)
      : socket_(std::move(socket)), size_(size), incoming_(true) {
    if (gso) join_segments(socket_.get());
  }

  void drain() {
    for (std::size_t got = datagram_batch; got == datagram_batch;) {
      got = incoming_.receive(socket_.get());
      for (std::size_t i = 0; i < got; ++i) {
        count += (incoming_.message(i).msg_len + size_ - 1) / size_;  // joined ones are several
      }
    }
  }

  void wait(std::chrono::nanoseconds limit) {
    pollfd waiting{socket_.get(), POLLIN, 0};
    const timespec time{0, limit.count()};
    ::ppoll(&waiting, 1, &time, nullptr);
  }

  std::uint64_t count = 0;

 private:
  unique_fd socket_;
  std::size_t size_;
  datagram_receiver incoming_;
};

}  // namespace

int datagram_work(options& given) {
  const auto size = static_cast<std::size_t>(given.number("size", 64));
  const auto rate = static_cast<double>(given.number("rate", 40000));
  const bool gso = given.number("gso", 0) != 0;
  std::vector<unique_fd> flows(given.number("flows", 1));
  const auto to = given.where("to");
  const auto listen = given.where("listen");
  const auto server_net = given.text("server-net");
  const auto client_net = given.text("client-net");
  if (size == 0 || size > 1472 || rate < 1 || flows.empty()) throw usage_error("--size, --rate?");
  const auto open_sink = [&] {
    const in_network there(server_net);
    return datagrams_on(listen, datagram_buffer);
  };
  datagram_sink sink(open_sink(), size, gso);
  const in_network here(client_net);
  for (auto& flow : flows) flow = datagrams_to(to, datagram_buffer);
  datagram_sender outgoing(size, gso);
  std::uint64_t sent = 0;
  auto counted_from = steady::now();
  measurement run(given, [&] { sent = sink.count = 0, counted_from = steady::now(); });
  given.check();

  for (std::size_t turn = 0; run.goes_on();) {
    const std::chrono::duration<double> passed = steady::now() - counted_from;
    if (static_cast<double>(sent) < passed.count() * rate) {
      sent += outgoing.send(flows[turn++ % flows.size()].get());
    } else {
      sink.wait(std::chrono::microseconds(50));
    }
    sink.drain();
  }
  auto told = run.results();
  sink.wait(last_arrivals);  // what is still under way was sent in time
  sink.drain();
  told.add("units", sink.count).add("bytes", sink.count * size).add("sent", sent);
  told.add("errors", 0).print();
  return 0;
}

}  // namespace relay::bench
