#include <relay/resume/machine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <random>

// Two machines and a carrier that is cut at any byte, again and again: what the model says is that
// each reader gets exactly what the other side wrote, and that nobody keeps more than he may.
namespace relay::resume {
namespace {

using bytes = std::vector<std::byte>;
using noise = std::mt19937_64;

/// Byte `at` of everything that a side writes.
std::byte nth(std::uint64_t at, int side) {
  return static_cast<std::byte>((at * 2654435761U >> 7) + static_cast<unsigned>(side));
}

struct end_of {
  explicit end_of(const machine_limits& with, int nth_side) : m(with), side(nth_side) {}

  machine m;
  int side;
  std::uint64_t written = 0;
  std::uint64_t read = 0;      // of what the peer wrote
  bool slow = false;           // its sink has not taken yet what was read
  std::deque<bytes> arriving;  // pieces, or messages
};

class model {
 public:
  model(std::uint64_t seed, const machine_limits& with) : random_(seed), with_(with) { cut(); }

  std::size_t below(std::size_t most) { return random_() % most; }
  end_of& any() { return below(2) == 0 ? a_ : b_; }
  end_of& other(end_of& of) { return &of == &a_ ? b_ : a_; }
  bool is_own() const { return with_.as == encoding::own; }

  void step() {
    switch (below(is_own() ? 400 : 300)) {
      case 0:
        return cut();
      default:
        break;
    }
    auto& by = any();
    switch (below(5)) {
      case 0:
        return write(by);
      case 1:
      case 2:
        return send(by);
      case 3:
        return receive(by);
      default:
        by.m.taken();
        if (below(3) == 0 || !is_own()) by.m.acknowledge_now();
    }
  }

  void write(end_of& by) {
    bytes made(1 + below(below(4) == 0 ? 70'000 : 300));
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = nth(by.written + i, by.side);
    const auto taken = by.m.write(made);
    ASSERT_LE(taken, made.size());
    by.written += taken;
    ASSERT_LE(by.m.unacknowledged(), with_.window.bytes);
  }

  void send(end_of& by) {
    const auto piece = by.m.output();
    if (piece.empty()) return;
    const auto count = is_own() ? 1 + below(piece.size()) : piece.size();
    other(by).arriving.emplace_back(piece.begin(),
                                    piece.begin() + static_cast<std::ptrdiff_t>(count));
    by.m.wrote(count);
  }

  void receive(end_of& by) {
    if (by.arriving.empty()) return;
    auto came = std::move(by.arriving.front());
    by.arriving.pop_front();
    machine::pass pass;
    if (is_own()) {
      pass = by.m.take(came);
      ASSERT_EQ(pass.used, came.size());
    } else {
      const auto half = below(came.size() + 1);
      bytes first(came.begin(), came.begin() + static_cast<std::ptrdiff_t>(half));
      bytes rest(came.begin() + static_cast<std::ptrdiff_t>(half), came.end());
      ASSERT_EQ(by.m.take(first, {}).payload, 0U);
      const wire::ws_message_end at{static_cast<std::uint32_t>(rest.size()), false};
      pass = by.m.take(rest, std::span(&at, 1));
      came = rest;
      came.resize(pass.payload);
      const auto spilt = by.m.spilt();
      came.insert(came.end(), spilt.begin(), spilt.end());
      pass.payload = came.size();
    }
    ASSERT_EQ(pass.what, machine::event::none);
    for (std::size_t i = 0; i < pass.payload; ++i) {
      ASSERT_EQ(came[i], nth(by.read + i, other(by).side)) << "byte " << by.read + i;
    }
    by.read += pass.payload;
    ASSERT_LE(by.read, other(by).written);
  }

  /// What is on its way is lost, but for a part that has arrived.
  void cut() {
    for (auto* each : {&a_, &b_}) {
      if (is_own() && !each->arriving.empty() && below(2) == 0) receive(*each);
      each->arriving.clear();
      if (below(2) == 0) each->m.taken();
    }
    a_.m.attach();
    b_.m.attach();
    if (is_own()) {
      const auto [a_has, b_has] = std::pair(a_.m.tell_taken(), b_.m.tell_taken());
      ASSERT_TRUE(a_.m.open(b_has));
      ASSERT_TRUE(b_.m.open(a_has));
    } else {
      (void)a_.m.open(std::nullopt);
      (void)b_.m.open(std::nullopt);
    }
    ++cuts;
  }

  void finish() {
    for (auto* each : {&a_, &b_}) each->m.end();
    for (int i = 0; i < 1'000'000 && !(a_.m.is_complete() && b_.m.is_complete()); ++i) {
      for (auto* each : {&a_, &b_}) {
        send(*each);
        receive(*each);
        each->m.taken();
        each->m.acknowledge_now();
        if (testing::Test::HasFatalFailure()) return;
      }
    }
    EXPECT_TRUE(a_.m.is_complete());
    EXPECT_TRUE(b_.m.is_complete());
    EXPECT_EQ(a_.read, b_.written);
    EXPECT_EQ(b_.read, a_.written);
    EXPECT_EQ(a_.m.unacknowledged() + b_.m.unacknowledged(), 0U);
  }

  std::uint64_t cuts = 0;
  std::uint64_t read() const { return a_.read + b_.read; }

 private:
  noise random_;
  machine_limits with_;
  end_of a_{with_, 1};
  end_of b_{with_, 2};
};

std::uint64_t seed_of_this_run() {
  if (const char* given = std::getenv("RELAY_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void run(const machine_limits& with) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE("RELAY_TEST_SEED=" + std::to_string(seed));
  model m(seed, with);
  for (int i = 0; i < 1'000'000 && !testing::Test::HasFatalFailure(); ++i) m.step();
  if (testing::Test::HasFatalFailure()) return;
  m.finish();
  EXPECT_GT(m.cuts, 100U);
  EXPECT_GT(m.read(), 1'000'000U);
}

TEST(MachineModel, NothingIsLostDoubledOrOutOfOrderOverAnyNumberOfCuts) {
  machine_limits with;
  with.window.bytes = 200'000;
  run(with);
}

TEST(MachineModel, TheSameOfRtunnelsPackets) { run(rtunnel_limits(true, false, true)); }

}  // namespace
}  // namespace relay::resume
