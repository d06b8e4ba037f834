// Several workers, cancellation and the end: who waits for whom, and who is let go.
#include "unit/names/resolver_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <thread>

namespace relay::test {
namespace {

using texts = std::vector<std::string>;
using config::dns_mode;
using answer = result<names::addresses>;

/// A loop on a thread of its own, as the program's workers are.
class worker {
 public:
  worker() : thread_([this] { loop.run(); }) {}
  ~worker() { join(); }

  void join() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }
  template <class Work>
  void run(Work work) {
    std::promise<void> done;
    asio::post(loop, [&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }

  asio::io_context loop{1};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop.get_executor()};
  std::thread thread_;
};

/// A lookup under way on a worker.
class pending {
 public:
  pending(worker& on, names::resolver& asked, const std::string& name, std::size_t index,
          bool anew = false)
      : on_(on), state_(std::make_shared<state>()) {
    asio::post(on.loop, [shared = state_, &asked, name, index, &on, anew] {
      auto done = [shared](const std::exception_ptr& failure, answer found) {
        if (failure) found = error_code(asio::error::operation_aborted);
        shared->result.set_value(std::move(found));
      };
      asio::co_spawn(on.loop, anew ? asked.lookup_anew(name, index) : asked.lookup(name, index),
                     asio::bind_cancellation_slot(shared->cancel.slot(), done));
    });
  }
  void cancel() {
    asio::post(on_.loop,
               [shared = state_] { shared->cancel.emit(asio::cancellation_type::terminal); });
  }
  /// Fails the test rather than wait for ever.
  answer get() {
    auto future = state_->result.get_future();
    if (future.wait_for(5s) == std::future_status::ready) return future.get();
    ADD_FAILURE() << "still waiting";
    return make_error_code(errc::timed_out);
  }

 private:
  struct state {
    asio::cancellation_signal cancel;
    std::promise<answer> result;
  };
  worker& on_;
  std::shared_ptr<state> state_;
};

class ResolverWorkers : public ResolverTest {
 protected:
  ResolverWorkers() { dns_.mode = dns_mode::ipv4_only; }
  ~ResolverWorkers() override { end(); }

  names::resolver& start() {
    resolver_ = std::make_unique<names::resolver>(dns_, log_, around_);
    for (std::size_t i = 0; i < workers_.size(); ++i) resolver_->attach(i, workers_[i].loop);
    return *resolver_;
  }
  void end() {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (resolver_) workers_[i].run([&] { resolver_->detach(i); });
      workers_[i].join();
    }
    resolver_.reset();
  }
  /// Everything posted to a worker before has been done.
  void settle(std::size_t index) {
    workers_[index].run([] {});
  }

  std::array<worker, 2> workers_;
};

TEST_F(ResolverWorkers, WhoeverAsksMeanwhileWaitsForTheSameLookup) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  std::vector<pending> all;
  for (std::size_t i = 0; i < 40; ++i) all.emplace_back(workers_[i % 2], asked, "Name.test", i % 2);
  ASSERT_TRUE(server.wait_for(1));
  settle(0);
  settle(1);
  server.release();
  for (auto& each : all) EXPECT_EQ(text(each.get()), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 1);
}

TEST_F(ResolverWorkers, AMovedNameIsAskedForOnceByAll) {
  std::atomic<int> host{1};
  name_server server([&](const dns_query& query) {
    dns_response made(query);
    made.address("192.0.2." + std::to_string(host), 600);
    return std::vector<bytes>(1, made.as_bytes());
  });
  ask(server);
  auto& asked = start();
  EXPECT_EQ(text(pending(workers_[0], asked, "name.test", 0).get()), (texts{"192.0.2.1"}));
  host = 2;
  clock_.advance(1s);
  std::vector<pending> all;
  for (std::size_t i = 0; i < 50; ++i) {
    all.emplace_back(workers_[i % 2], asked, "name.test", i % 2, true);
  }
  for (auto& each : all) EXPECT_EQ(text(each.get()), (texts{"192.0.2.2"}));
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverWorkers, AFailureReachesAllWhoWait) {
  name_server server([](const dns_query& query) {
    return std::vector<bytes>(1, dns_response(query, 3).as_bytes());
  });
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  pending second(workers_[1], asked, "name.test", 1);
  ASSERT_TRUE(server.wait_for(1));
  settle(1);
  server.release();
  EXPECT_EQ(first.get().error(), errc::no_such_name);
  EXPECT_EQ(second.get().error(), errc::no_such_name);
}

TEST_F(ResolverWorkers, CancellationEndsOnlyOneWaiting) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  ASSERT_TRUE(server.wait_for(1));
  pending second(workers_[1], asked, "name.test", 1);
  settle(1);
  first.cancel();
  EXPECT_EQ(first.get().error(), asio::error::operation_aborted);
  server.release();
  EXPECT_EQ(text(second.get()), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 1);
}

TEST_F(ResolverWorkers, ALookupThatNobodyAwaitsAnyMoreStillFillsTheCache) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  ASSERT_TRUE(server.wait_for(1));
  first.cancel();
  EXPECT_FALSE(first.get().has_value());
  pending second(workers_[0], asked, "name.test", 0);
  settle(0);
  server.release();
  EXPECT_EQ(text(second.get()), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 1);
}

TEST_F(ResolverWorkers, WhenAWorkerEndsItsWaitersAreLetGo) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  ASSERT_TRUE(server.wait_for(1));
  workers_[0].run([&] { asked.detach(0); });
  EXPECT_EQ(first.get().error(), asio::error::operation_aborted);
  pending late(workers_[0], asked, "name.test", 0);
  EXPECT_EQ(late.get().error(), asio::error::operation_aborted);
}

TEST_F(ResolverWorkers, ALookupWhoseWorkerEndsStartsAgainWhereItIsAwaited) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  ASSERT_TRUE(server.wait_for(1));
  pending second(workers_[1], asked, "name.test", 1);
  settle(1);
  workers_[0].run([&] { asked.detach(0); });
  EXPECT_EQ(first.get().error(), asio::error::operation_aborted);
  EXPECT_TRUE(server.wait_for(2)) << "asked again";
  server.release();
  EXPECT_EQ(text(second.get()), (texts{"192.0.2.1"}));
}

TEST_F(ResolverWorkers, AWorkerMayEndAfterItsLoop) {
  name_server server(answering("192.0.2.1", ""));
  server.hold();
  ask(server);
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  ASSERT_TRUE(server.wait_for(1));
  pending second(workers_[1], asked, "name.test", 1);
  settle(1);
  workers_[0].loop.stop();
  workers_[0].join();
  asked.detach(0);
  server.release();
  EXPECT_EQ(text(second.get()), (texts{"192.0.2.1"}));
  workers_[1].run([&] { asked.detach(1); });
  workers_[1].join();
  resolver_.reset();  // the first waiter's coroutine goes with its loop
}

TEST_F(ResolverWorkers, EndingDoesNotWaitForTheSystemsResolver) {
  struct gate {
    std::promise<void> entered, opened, left;
  };
  auto shared = std::make_shared<gate>();  // the thread may outlive the test
  dns_.nameservers.push_back({"dns.test", std::nullopt, {53, 53}});
  around_.system_lookup = [shared](const std::string&) {
    shared->entered.set_value();
    shared->opened.get_future().wait();
    shared->left.set_value();
    return std::vector<ip_address>();
  };
  auto& asked = start();
  pending first(workers_[0], asked, "name.test", 0);
  shared->entered.get_future().wait();
  end();
  EXPECT_EQ(first.get().error(), asio::error::operation_aborted);
  shared->opened.set_value();
  shared->left.get_future().wait();
}

TEST_F(ResolverWorkers, ManyLookupsOnAllWorkersAtOnce) {
  // TTL 0: every lookup finds an expired answer, so that slow, stale and fresh all happen.
  name_server server(answering("192.0.2.1", "2001:db8::1", 0));
  ask(server);
  dns_.mode = dns_mode::ipv4_and_ipv6;
  dns_.cache_size = 4;
  around_.slow = 1ms;
  around_.now = nullptr;
  auto& asked = start();
  for (int round = 0; round < 5; ++round) {
    std::vector<pending> all;
    for (std::size_t i = 0; i < 200; ++i) {
      all.emplace_back(workers_[i % 2], asked, "n" + std::to_string(i % 7) + ".test", i % 2);
      if (i % 5 == 0) all.back().cancel();
      (void)asked.cached("n1.test");
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto found = all[i].get();
      if (i % 5 == 0) continue;  // cancelled, perhaps
      EXPECT_EQ(text(found), (texts{"192.0.2.1", "2001:db8::1"}));
    }
  }
}

}  // namespace
}  // namespace relay::test
