#include <relay/forward/association.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>

#include <array>

namespace relay::forward {

association::association(associations& home, datagram_inlet& by, const flow_key& key_of,
                         const socket_address& client, std::size_t remote, std::uint64_t id)
    : flow(key_of),
      home_(home),
      inlet_(by),
      socket_(home.home().worker().poller()),
      remote_(static_cast<std::uint32_t>(remote)),
      id_(id),
      since_(net::coarse_now()),
      client_(client) {}

error_code association::open(unique_fd made, const ip_endpoint& to, std::uint32_t version) {
  if (const auto ec = socket_.attach_datagrams(std::move(made))) return ec;
  socket_.notify(this);
  reading_ = {};
  cuts_up_ = true;
  redirect(to, version);
  return {};
}

void association::redirect(const ip_endpoint& to, std::uint32_t version) {
  to_ = socket_address(to);
  version_ = version;
}

void association::send(std::span<const pump::datagram_run> runs) {
  const bool cut = cuts_up_;
  const auto how = home_.buffers().send(socket_.fd(), to_, {}, runs, cuts_up_);
  if (cut && !cuts_up_) home_.uncut(*this);
  up_.bytes += how.bytes;
  up_.datagrams += how.datagrams;
  if (how.lost > 0) home_.lost(*this, how);
}

void association::wake() {
  error_code ec;
  const auto turn = socket_.on().turns();
  const auto answers = home_.buffers().receive(socket_.fd(), reading_, turn, ec);
  if (ec) home_.home().shared().log.receive_failed(home_.of(), ec);
  if (answers.empty()) return;
  home_.used(*this);
  answer(answers);
}

void association::answer(std::span<const pump::arrival> answers) {
  std::array<pump::datagram_run, pump::datagrams::batch> runs;
  for (std::size_t i = 0; i < answers.size(); ++i) runs[i] = answers[i].data;
  const auto how = home_.buffers().send(inlet_.fd(), client_, inlet_.own_address(key),
                                        std::span(runs).first(answers.size()), cuts_down_);
  down_.bytes += how.bytes;
  down_.datagrams += how.datagrams;
  if (how.lost > 0) home_.unanswered(*this, how);
}

}  // namespace relay::forward
