#include <relay/forward/hook_step.hpp>
#include <relay/net/first_bytes.hpp>
#include <relay/net/readiness.hpp>
#include <relay/net/socket.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace relay::forward {
namespace {

using net::has;
using net::seen;

/// Where the answer finds who waits for it. Touched on the worker only, but kept alive by the
/// answer that is under way.
struct mailing_address {
  net::waiter* waiter = nullptr;
  bool is_answered = false;
};

/// Has a waiter woken by the client's socket and by the answer for as long as it lives, however the
/// wait ends: a cancellation throws.
class woken_by_both {
 public:
  woken_by_both(net::watch& client, mailing_address& answer, net::waiter& whom)
      : client_(client), answer_(answer) {
    client_.notify(&whom);
    answer_.waiter = &whom;
  }
  woken_by_both(const woken_by_both&) = delete;
  woken_by_both& operator=(const woken_by_both&) = delete;
  ~woken_by_both() {
    client_.notify(nullptr);
    answer_.waiter = nullptr;
  }

 private:
  net::watch& client_;
  mailing_address& answer_;
};

/// The question is not worth asking any more once its connection has gone.
class asker {
 public:
  asker() = default;
  asker(const asker&) = delete;
  asker& operator=(const asker&) = delete;
  ~asker() { question->dropped = true; }

  const std::shared_ptr<hook_question> question = std::make_shared<hook_question>();
};

error_code reset_of(net::watch& client) {
  const auto ec = net::pending_error(client.fd());
  return ec ? ec : error_code(ECONNRESET, boost::system::system_category());
}

task<error_code> answered(hook_thread& of, net::worker& on, net::watch& client,
                          std::shared_ptr<hook_question> question) {
  const auto executor = co_await asio::this_coro::executor;
  const auto mine = std::make_shared<mailing_address>();
  std::function<void()> tell = [&on, mine] {
    mine->is_answered = true;
    if (mine->waiter != nullptr) on.poller().schedule(*mine->waiter);
  };
  std::function<void()> deliver = [&on, tell = std::move(tell)] { on.post(tell); };
  of.ask(std::move(question), std::move(deliver));
  const auto is_reset = [&client] { return has(client.events(), seen::broken); };
  while (!mine->is_answered) {
    // A call begins a little after it was asked for.
    net::readiness ready(executor, on.wheel(), hook_thread::patience + net::timer_wheel::tick);
    const woken_by_both while_waiting(client, *mine, ready);
    error_code ec;
    while (!ec && !mine->is_answered && !is_reset()) ec = co_await ready.woken();
    if (mine->is_answered) break;
    if (!ec) co_return reset_of(client);
    if (ec != errc::timed_out) co_return ec;
    of.tell_if_stuck(hook_thread::clock::now());
  }
  co_return error_code();
}

void judge(const hook_question& what, hook_answer& into) {
  if (*what.index < 0) {
    into.rejected = "rejected by pre-connect hook";
  } else if (*what.index > what.max_index) {
    into.rejected = "the pre-connect hook chose a remote that does not exist";
  } else {
    into.index = static_cast<std::size_t>(*what.index);
  }
}

}  // namespace

task<hook_answer> ask_hook(hook_thread& of, net::worker& on, net::watch& client,
                           std::size_t extra_remotes, std::chrono::milliseconds limit) {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  const asker mine;
  auto& question = *mine.question;
  question.max_index = static_cast<std::int32_t>(std::min(extra_remotes, most));
  hook_answer made;
  made.ec = co_await answered(of, on, client, mine.question);
  if (made.ec) co_return made;
  if (!question.index) {
    if (*question.needs > most_first_bytes) {
      made.rejected = "the pre-connect hook wants more than 32768 bytes";
      co_return made;
    }
    auto bytes = co_await net::first_bytes(client, on.wheel(), *question.needs, limit);
    if (!bytes) {
      made.ec = bytes.error();
      co_return made;
    }
    question.packet = std::move(*bytes);
    made.ec = co_await answered(of, on, client, mine.question);
    if (made.ec) co_return made;
  }
  judge(question, made);
  co_return made;
}

}  // namespace relay::forward
