#include "support/fake_stream.hpp"
#include "support/pump_bench.hpp"

#include <relay/pump/direction.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using test::fake_stream;

constexpr std::size_t plenty = std::size_t{1} << 30;

struct bench : test::pump_bench {
  using pump_bench::pump_bench;
  fake_stream from;
  fake_stream to;
  direction way;
  error_code why;

  progress run(std::size_t budget = plenty) { return way.run(from, to, shared, budget, why); }
};

TEST(Direction, MovesAMessageWithOneReadAndOneWrite) {
  bench b;
  b.from.incoming = "hello";
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.to.written, "hello");
  EXPECT_EQ(b.from.reads, 1) << "a short read is not followed by another";
  EXPECT_EQ(b.way.moved(), 5U);
  EXPECT_EQ(b.way.pending(), 0U);
}

TEST(Direction, StopsReadingWhileTheSinkIsSlowAndKeepsTheOrder) {
  bench b;
  const auto data = test::pattern(200'000);
  b.from.incoming = data;
  b.to.takes = 1000;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.way.pending(), buffer_bytes - 1000);
  const auto left = b.from.incoming.size();
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.from.incoming.size(), left) << "nothing is read while something is pending";
  for (int i = 0; i < 1000 && b.to.written.size() < data.size(); ++i) {
    b.to.takes = 777;
    b.run();
  }
  EXPECT_EQ(b.to.written, data);
  EXPECT_EQ(b.way.pending(), 0U);
  EXPECT_EQ(b.way.moved(), data.size());
}

TEST(Direction, PassesTheEndOnAfterTheLastByte) {
  bench b;
  b.from.incoming = "last";
  b.from.ended = true;
  b.to.takes = 2;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_FALSE(b.to.shut);
  b.to.takes = 10;
  EXPECT_EQ(b.run(), progress::done);
  EXPECT_TRUE(b.to.shut);
  EXPECT_EQ(b.to.written, "last");
  EXPECT_TRUE(b.way.is_done());
  EXPECT_EQ(b.run(), progress::done) << "and stays so";
}

TEST(Direction, RepeatsABlockedShutdown) {
  bench b;
  b.from.ended = true;
  b.to.shutdowns_to_block = 2;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.run(), progress::done);
}

TEST(Direction, TellsWhichSideFailed) {
  bench reading;
  reading.from.incoming = "before";
  reading.from.read_error = test::connection_reset();
  EXPECT_EQ(reading.run(), progress::read_failed);
  EXPECT_EQ(reading.why, test::connection_reset());
  EXPECT_EQ(reading.to.written, "before") << "what came before the failure is passed on";
  EXPECT_FALSE(reading.to.shut);

  bench writing;
  writing.from.incoming = "x";
  writing.to.write_error = test::connection_reset();
  EXPECT_EQ(writing.run(), progress::write_failed);

  bench closing;
  closing.from.ended = true;
  closing.to.shutdown_error = test::connection_reset();
  EXPECT_EQ(closing.run(), progress::write_failed);
}

TEST(Direction, YieldsAfterItsBudget) {
  bench b;
  b.from.incoming = test::pattern(500'000);
  EXPECT_EQ(b.run(100'000), progress::more);
  EXPECT_GE(b.way.moved(), 100'000U);
  EXPECT_LE(b.way.moved(), 100'000U + buffer_bytes);
  while (b.run(100'000) == progress::more) {
  }
  EXPECT_EQ(b.way.moved(), 500'000U);
}

TEST(Direction, NeverSplicesBetweenStreamsThatCannot) {
  bench b;
  b.from.incoming = test::pattern(1'000'000);
  b.run();
  EXPECT_FALSE(b.way.is_splicing());
  EXPECT_EQ(b.pipes.taken(), 0U);
}

TEST(Direction, GivesASlowSinkItsHeadroomToo) {
  bench b;
  const auto data = test::pattern(200'000);
  b.from.incoming = data;
  b.to.uses_headroom = true;
  while (b.to.written.size() < data.size()) {
    b.to.takes = 5'000;
    ASSERT_EQ(b.run(), progress::blocked);
  }
  EXPECT_EQ(b.to.written, data);
}

TEST(Direction, ReadsThatFindNothingUseTheBudgetUp) {
  bench b;
  b.from.empty_reads = 1'000'000;
  b.from.overhead = 64 * 1024;
  EXPECT_EQ(b.run(std::size_t{1} << 20), progress::more);
  EXPECT_EQ(b.from.reads, 16);
  b.from.empty_reads = 1;
  b.from.incoming = "at last";
  EXPECT_EQ(b.run(std::size_t{1} << 20), progress::blocked);
  EXPECT_EQ(b.to.written, "at last");
}

TEST(Direction, ATurnIsBoundedByWorkNotByPayload) {
  bench b;
  b.from.incoming = std::string(1000, 'x');
  b.from.reads_at_most = 1;
  b.from.overhead = 9'999;
  EXPECT_EQ(b.run(100'000), progress::more);
  EXPECT_EQ(b.way.moved(), 10U);
  while (b.run(100'000) == progress::more) {
  }
  EXPECT_EQ(b.to.written, std::string(1000, 'x'));
}

TEST(Direction, CopiesWhatIsUnsuitedAndOffersToSpliceAgain) {
  bench b;
  const auto data = test::pattern(1'000'000);
  b.from.incoming = data;
  b.from.spliceable = b.to.spliceable = true;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_EQ(b.to.written, data);
  EXPECT_EQ(b.from.splices, 8) << "after every other big read";
  EXPECT_FALSE(b.way.is_splicing());
}

TEST(Direction, TwoBigReadsInARowMakeItBulk) {
  bench b;
  b.from.spliceable = b.to.spliceable = true;
  for (const std::size_t size : {16'383U, 16'383U, 16'383U, 16'384U, 16'383U, 16'384U}) {
    b.from.incoming = test::pattern(size);
    b.run();
  }
  EXPECT_EQ(b.from.splices, 0);
  b.from.incoming = test::pattern(16'384);
  b.run();
  EXPECT_EQ(b.from.splices, 1);
}

TEST(Direction, ReleasesWhatItHolds) {
  bench b;
  b.from.incoming = "hello";
  b.to.takes = 0;
  b.run();
  EXPECT_GT(b.way.pending(), 0U);
  b.way.release(b.shared);
  EXPECT_EQ(b.way.pending(), 0U);
}

/// Between two TCP connections.
struct spliced : test::pump_bench {
  explicit spliced(std::size_t most_pipes = 8, int buffers = 0)
      : pump_bench(most_pipes), from(*this, buffers), to(*this, buffers) {}
  test::plain_end from;
  test::plain_end to;
  direction way;
  error_code why;

  progress run() {
    poller.turn(std::chrono::milliseconds(1));
    return way.run(from.stream, to.stream, shared, std::size_t{1} << 20, why);
  }
  /// Sends `data` in and reads it out, a bit at a time; what came out.
  std::string carry(const std::string& data) {
    std::string got;
    std::size_t sent = 0;
    while (got.size() < data.size()) {
      if (sent < data.size()) {
        const auto n =
            ::send(from.peer.get(), data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
        if (n > 0) sent += static_cast<std::size_t>(n);
      }
      run();
      std::string part(1 << 20, '\0');
      const auto n = ::recv(to.peer.get(), part.data(), part.size(), 0);
      if (n > 0) got.append(part, 0, static_cast<std::size_t>(n));
      ever_spliced = ever_spliced || way.is_splicing();
    }
    return got;
  }
  bool ever_spliced = false;
};

TEST(Direction, ABulkDirectionIsSplicedAndEveryByteArrives) {
  spliced b;
  const auto data = test::pattern(std::size_t{24} << 20);
  EXPECT_EQ(b.carry(data), data);
  EXPECT_TRUE(b.ever_spliced);
  EXPECT_EQ(b.way.moved(), data.size());
}

TEST(Direction, SmallMessagesAreCopied) {
  spliced b;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(b.carry("ping"), "ping");
  EXPECT_FALSE(b.ever_spliced);
  EXPECT_EQ(b.pipes.taken(), 0U);
}

TEST(Direction, GoesBackToCopyingWhenItTrickles) {
  spliced b;
  const auto bulk = test::pattern(std::size_t{8} << 20);
  ASSERT_EQ(b.carry(bulk), bulk);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(b.carry("drop"), "drop");
  EXPECT_FALSE(b.way.is_splicing());
  ASSERT_EQ(b.carry(bulk), bulk) << "and can become bulk again";
}

TEST(Direction, CopiesWhenThereIsNoPipeToBeHad) {
  spliced b(0);
  const auto data = test::pattern(std::size_t{8} << 20);
  EXPECT_EQ(b.carry(data), data);
  EXPECT_FALSE(b.ever_spliced);
}

TEST(Direction, SurvivesASinkThatBlocksInTheMiddleOfAPipe) {
  spliced b(8, 32 * 1024);
  const auto data = test::pattern(std::size_t{8} << 20, 7);
  EXPECT_EQ(b.carry(data), data);
}

TEST(Direction, GivesThePipeBackWhenItRunsDry) {
  spliced b;
  const auto bulk = test::pattern(std::size_t{8} << 20);
  ASSERT_EQ(b.carry(bulk), bulk);
  for (int i = 0; i < 5; ++i) b.run();
  EXPECT_EQ(b.way.pending(), 0U);
  auto lent = b.shared.pipes().lease();
  EXPECT_TRUE(lent);
  EXPECT_LE(b.pipes.taken(), std::size_t{1} << 20) << "the pool has lent the same pipe again";
}

}  // namespace
}  // namespace relay::pump
