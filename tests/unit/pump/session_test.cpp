#include "support/session_bench.hpp"

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;
using test::connection_reset;
using test::fake_stream;
using bench = test::session_bench;

TEST(Session, MovesBothWaysFromTheStart) {
  bench b;
  b.client.incoming = "question";
  b.remote.incoming = "answer";
  b.wake();
  EXPECT_EQ(b.remote.written, "question");
  EXPECT_EQ(b.client.written, "answer");
  EXPECT_EQ(b.running.up(), 8U);
  EXPECT_EQ(b.running.down(), 6U);
  EXPECT_GE(b.client.flushes, 1);
  EXPECT_FALSE(b.end);
}

TEST(Session, TheAnswerArrivesAfterTheClientHasEnded) {
  bench b;
  b.client.incoming = "question";
  b.client.ended = true;
  b.wake();
  EXPECT_TRUE(b.remote.shut);
  EXPECT_FALSE(b.client.shut);
  EXPECT_FALSE(b.end);
  b.remote.incoming = "late answer";
  b.remote.ended = true;
  b.wake();
  EXPECT_EQ(b.client.written, "late answer");
  EXPECT_EQ(b.end, session_end::client_eof);
  EXPECT_FALSE(b.client.aborted);
}

TEST(Session, TellsOnceThatTheRemoteHasAnswered) {
  bench b;
  b.client.incoming = "question";
  b.wake();
  EXPECT_EQ(b.answers, 0) << "the client's own words are no answer";
  b.remote.incoming = "answer";
  b.wake();
  EXPECT_EQ(b.answers, 1);
  b.remote.incoming = "more";
  b.wake();
  EXPECT_EQ(b.answers, 1);
  EXPECT_EQ(b.client.written, "answermore");
}

TEST(Session, AnAnswerThatComesWithTheEndIsToldBeforeIt) {
  bench b;
  b.client.ended = b.remote.ended = true;
  b.remote.incoming = "answer";
  b.wake();
  EXPECT_TRUE(b.end);
  EXPECT_EQ(b.answers, 1);
}

TEST(Session, TellsWhoEndedFirst) {
  bench b;
  b.remote.ended = true;
  b.wake();
  b.client.ended = true;
  b.wake();
  EXPECT_EQ(b.end, session_end::remote_eof);
}

TEST(Session, HalfCloseLivesUntilIdleForItsLimit) {
  bench b(1s);
  b.client.ended = true;
  b.wake();
  for (int i = 0; i < 5; ++i) {  // activity keeps it alive
    b.pass(8);
    b.remote.incoming = "more";
    b.wake();
    ASSERT_FALSE(b.end);
  }
  b.pass(9);
  EXPECT_FALSE(b.end);
  b.pass(4);
  EXPECT_EQ(b.end, session_end::half_close_timeout);
  EXPECT_EQ(b.client.written.size(), 20U);
  EXPECT_FALSE(b.running.is_unanswered()) << "it had answered";
}

TEST(Session, KnowsThatARemoteWasCutOffWithoutAnAnswer) {
  bench b(1s);
  b.client.incoming = "question";
  b.client.ended = true;
  b.wake();
  b.pass(13);
  EXPECT_EQ(b.end, session_end::half_close_timeout);
  EXPECT_TRUE(b.running.is_unanswered());
  bench other(1s);
  other.remote.ended = true;  // the client has nothing to answer
  other.wake();
  other.pass(13);
  EXPECT_EQ(other.end, session_end::half_close_timeout);
  EXPECT_FALSE(other.running.is_unanswered());
}

TEST(Session, WithoutHalfCloseTheFirstEndEndsBoth) {
  bench b(0ms);
  b.remote.incoming = "all of it";
  b.remote.ended = true;
  b.wake();
  EXPECT_EQ(b.client.written, "all of it");
  EXPECT_EQ(b.end, session_end::remote_eof);
  EXPECT_TRUE(b.client.shut);
  EXPECT_TRUE(b.remote.shut) << "closing alone is no end to TLS";
}

TEST(Session, WithoutHalfCloseWhatIsDroppedIsNotFollowedByAnEnd) {
  bench b(0ms);
  b.client.incoming = "never taken";
  b.remote.takes = 0;
  b.remote.ended = true;
  b.wake();
  EXPECT_EQ(b.end, session_end::remote_eof);
  EXPECT_TRUE(b.client.shut);
  EXPECT_FALSE(b.remote.shut);
}

TEST(Session, AResetIsPassedOnAsAReset) {
  bench b;
  b.client.read_error = connection_reset();
  b.wake();
  EXPECT_EQ(b.end, session_end::reset_by_client);
  EXPECT_EQ(b.error, connection_reset());
  EXPECT_TRUE(b.remote.aborted);
  EXPECT_FALSE(b.remote.shut);
}

TEST(Session, ASocketThatIsGoneWhenTheEndIsPassedOnWasReset) {
  bench b;
  b.client.ended = true;
  b.remote.shutdown_error = error_code(ENOTCONN, boost::system::system_category());
  b.remote.ended = true;
  b.wake();
  EXPECT_EQ(b.end, session_end::reset_by_remote);
  EXPECT_TRUE(b.client.aborted);
}

TEST(Session, OtherErrorsAreNamedBySide) {
  bench b;
  b.remote.read_error = error_code(ETIMEDOUT, boost::system::system_category());
  b.wake();
  EXPECT_EQ(b.end, session_end::remote_error);
  EXPECT_TRUE(b.client.aborted);
}

TEST(Session, WhatARemoteSaidBeforeItResetStillArrives) {
  bench b;
  b.client.incoming = "an upload that is refused";
  b.remote.write_error = connection_reset();
  b.remote.incoming = "413 too large";
  b.remote.read_error = connection_reset();
  b.wake();
  EXPECT_EQ(b.client.written, "413 too large");
  EXPECT_EQ(b.end, session_end::reset_by_remote);
  EXPECT_FALSE(b.client.shut) << "not an end";
  EXPECT_TRUE(b.client.aborted) << "but a reset";
}

TEST(Session, ASilentSideAfterAFailedSinkIsLimited) {
  bench b(1s);
  b.client.incoming = "x";
  b.remote.write_error = connection_reset();
  b.wake();
  EXPECT_FALSE(b.end);
  b.pass(13);
  EXPECT_EQ(b.end, session_end::reset_by_remote);
  EXPECT_TRUE(b.client.aborted);
}

TEST(Session, AResetIsNoticedWhenNobodyReadsAnyMore) {
  bench b;
  b.client.ended = true;
  b.wake();
  b.client.reset = connection_reset();
  b.wake();
  EXPECT_EQ(b.end, session_end::reset_by_client);
  EXPECT_TRUE(b.remote.aborted);
}

TEST(Session, AResetIsNoticedWhileTheOtherSideIsStalled) {
  for (const auto limit : {1000ms, 0ms}) {
    bench b(limit);
    b.client.incoming = "upload";
    b.remote.takes = 0;
    b.wake();
    b.client.reset = connection_reset();
    b.wake();
    b.client.reset = {};
    b.pass(13);
    EXPECT_EQ(b.end, session_end::reset_by_client);
    EXPECT_TRUE(b.remote.aborted);
  }
}

TEST(Session, WhatAClientSentBeforeItsResetIsTakenAsLongAsThatGoesOn) {
  bench b(1s);
  b.client.incoming = std::string(1000, 'x');
  b.remote.takes = 0;
  b.wake();
  b.client.reset = connection_reset();
  b.client.read_error = connection_reset();
  b.wake();
  for (int i = 0; i < 10; ++i) {
    b.pass(8);
    b.remote.takes = 100;
    b.wake();
  }
  EXPECT_EQ(b.remote.written.size(), 1000U);
  EXPECT_EQ(b.end, session_end::reset_by_client);
}

TEST(Session, AResetWaitsUntilTheOtherSideHasWhatWasSentToIt) {
  bench b(10s);
  b.client.unacknowledged = 5000;
  b.remote.incoming = "the end of the answer";
  b.remote.read_error = connection_reset();
  b.wake();
  EXPECT_FALSE(b.client.aborted) << "that would drop what the kernel still holds";
  b.pass(20);
  EXPECT_FALSE(b.end);
  b.client.unacknowledged = 0;
  b.pass(2);
  EXPECT_EQ(b.end, session_end::reset_by_remote);
  EXPECT_TRUE(b.client.aborted);
}

// A TLS stream may hold ciphertext that its socket did not take, which only `flush` sends on.
TEST(Session, WhatAStreamHoldsItselfGoesOutWhileTheResetWaits) {
  bench b(10s);
  b.client.unacknowledged = 5000;
  b.remote.read_error = connection_reset();
  b.wake();
  const int before = b.client.flushes;
  b.wake();
  EXPECT_GT(b.client.flushes, before);
  EXPECT_FALSE(b.end);
}

TEST(Session, ThatWaitIsLimited) {
  bench b(1s);
  b.client.unacknowledged = 5000;
  b.remote.read_error = connection_reset();
  b.wake();
  b.pass(14);
  EXPECT_EQ(b.end, session_end::reset_by_remote);

  bench gone(10s);
  gone.client.unacknowledged = 5000;
  gone.remote.read_error = connection_reset();
  gone.wake();
  gone.client.reset = connection_reset();
  gone.wake();
  EXPECT_EQ(gone.end, session_end::reset_by_remote) << "the other side is gone as well";
}

TEST(Session, ASlowReaderIsNotIdle) {
  bench b(1s);
  b.client.ended = true;
  b.wake();
  b.remote.incoming = "a long answer";
  b.client.takes = 0;
  b.wake();
  b.pass(50);
  EXPECT_FALSE(b.end) << "the relay itself holds the rest";
  b.client.takes = SIZE_MAX;
  b.wake();
  EXPECT_EQ(b.client.written, "a long answer");
  b.client.unacknowledged = 1;
  b.pass(50);
  EXPECT_FALSE(b.end) << "the kernel holds the rest";
  b.client.unacknowledged = 0;
  b.pass(25);
  EXPECT_EQ(b.end, session_end::half_close_timeout);
  EXPECT_TRUE(b.client.aborted) << "the remote has not ended, so it must not look as if it had";
  EXPECT_FALSE(b.remote.aborted);
}

TEST(Session, AbortResetsBothAndTellsNobody) {
  bench b;
  b.running.abort();
  EXPECT_TRUE(b.client.aborted);
  EXPECT_TRUE(b.remote.aborted);
  EXPECT_FALSE(b.end);
}

TEST(Session, ABulkSideDoesNotStarveTheOther) {
  bench b;
  b.client.incoming = std::string(std::size_t{64} << 20, 'x');
  b.remote.incoming = "ping";
  b.poller.turn(0us);
  EXPECT_EQ(b.client.written, "ping");
  EXPECT_LT(b.running.up(), std::size_t{4} << 20);
  EXPECT_TRUE(b.poller.has_work()) << "it comes back for the rest";
}

TEST(Session, IsSmall) {
  // 5,000 idle connections have 400 bytes each for everything; the session is the largest part.
  EXPECT_LE(sizeof(session), 240U);
}

TEST(Session, IdleForItsLimitItEndsInOrder) {
  bench b(10s, 2s);
  b.client.incoming = "hello";
  b.wake();
  b.pass(18);
  EXPECT_FALSE(b.end);
  b.pass(6);
  EXPECT_EQ(b.end, session_end::idle);
  EXPECT_TRUE(b.client.shut && b.remote.shut) << "closing alone is no end to TLS";
  EXPECT_FALSE(b.running.has_lost_bytes());
  EXPECT_FALSE(b.client.aborted);
  EXPECT_FALSE(b.remote.aborted);
}

TEST(Session, TrafficEitherWayKeepsItAlive) {
  bench b(10s, 1s);
  for (int i = 0; i < 10; ++i) {
    b.pass(8);
    (i % 2 == 0 ? b.client : b.remote).incoming = "x";
    b.wake();
    ASSERT_FALSE(b.end) << i;
  }
  b.pass(14);
  EXPECT_EQ(b.end, session_end::idle);
}

TEST(Session, WithoutALimitItHasNoTimer) {
  bench b;
  b.client.incoming = "x";
  b.wake();
  EXPECT_FALSE(b.running.is_armed());
  b.pass(1000);
  EXPECT_FALSE(b.end);
}

TEST(Session, AReaderThatIsSlowIsNotIdle) {
  bench b(10s, 1s);
  b.remote.incoming = std::string(1000, 'x');
  b.client.takes = 10;
  b.client.unacknowledged = 100'000;
  b.wake();
  for (int i = 0; i < 50; ++i) {  // it takes from what the kernel holds, no byte is written
    b.pass(9);
    b.client.unacknowledged -= 1000;
    ASSERT_FALSE(b.end) << i;
  }
}

TEST(Session, AReaderThatIsStuckEndsAsAResetToo) {
  bench b(10s, 1s);
  b.remote.incoming = std::string(1000, 'x');
  b.client.takes = 10;
  b.client.unacknowledged = 5000;
  b.wake();
  b.pass(26);  // what it owes has been looked at twice by then
  EXPECT_EQ(b.end, session_end::idle);
  EXPECT_TRUE(b.client.aborted) << "it was promised more";
  EXPECT_TRUE(b.remote.aborted) << "not all it has sent has arrived";
  EXPECT_TRUE(b.running.has_lost_bytes());
}

TEST(Session, WhatIsKeptButNotTakenByTheKernelIsLostAsAReset) {
  bench b(10s, 1s);
  b.client.incoming = "x";
  b.remote.takes = 0;
  b.wake();
  b.pass(14);
  EXPECT_EQ(b.end, session_end::idle);
  EXPECT_TRUE(b.remote.aborted);
}

TEST(Session, AHalfOpenOneEndsAtTheShorterOfBothLimits) {
  for (const auto& [half_close, idle, expected] :
       {std::tuple(1s, 3s, session_end::half_close_timeout), {3s, 1s, session_end::idle}}) {
    bench b(half_close, idle);
    b.wake();
    b.pass(5);
    b.client.ended = true;
    b.wake();
    b.pass(9);
    EXPECT_FALSE(b.end);
    b.pass(5);
    EXPECT_EQ(b.end, expected);
    EXPECT_TRUE(b.client.aborted) << "the remote has not ended";
    EXPECT_FALSE(b.remote.aborted) << "it has all the client had";
  }
}

TEST(Session, AfterHalfCloseASlowReaderHasUntilItIsStuck) {
  bench b(1s, 3s);
  b.client.ended = true;
  b.remote.incoming = std::string(100, 'x');
  b.client.takes = 1;
  b.client.unacknowledged = 50;
  b.wake();
  b.pass(28);
  EXPECT_FALSE(b.end) << "a slow reader outlives half_close_timeout";
  b.pass(70);
  EXPECT_EQ(b.end, session_end::idle);
  EXPECT_TRUE(b.client.aborted);
}

TEST(Session, ALimitThatIsOffDoesNotEndASlowReaderAfterHalfClose) {
  bench b(1s, 0s);
  b.client.ended = true;
  b.remote.incoming = std::string(100, 'x');
  b.client.takes = 1;
  b.wake();
  b.pass(1000);
  EXPECT_FALSE(b.end);
}

TEST(Session, AnErrorIsToldAsOneThoughItIsIdleFirst) {
  bench b(5s, 1s);
  b.client.incoming = "x";
  b.remote.write_error = connection_reset();
  b.wake();
  b.pass(14);
  EXPECT_EQ(b.end, session_end::reset_by_remote);
}

TEST(Session, WhatTheRemoteHasSaidBeforeComesFirst) {
  bench b;
  fake_stream client;
  fake_stream remote;
  remote.incoming = " and more";
  session late(b.shared, b, 10s);
  const std::string heard = "a banner";
  late.start(client, remote, std::as_bytes(std::span(heard)));
  while (b.poller.turn(0us)) {
  }
  EXPECT_EQ(client.written, "a banner and more");
  EXPECT_EQ(late.down(), 17U);
}

// Nobody above the session knows whose turn it was.
TEST(Session, AnExceptionEndsItAsOurMistakeAndResetsBothPeers) {
  for (const bool at_client : {true, false}) {
    bench b;
    b.client.incoming = "question";
    (at_client ? b.client : b.remote).throws = true;
    b.wake();
    EXPECT_EQ(b.end, session_end::fault);
    EXPECT_TRUE(b.client.aborted && b.remote.aborted);
    b.end.reset();
    b.run();
    EXPECT_FALSE(b.end) << "once";
  }
}

}  // namespace
}  // namespace relay::pump
