#include <relay/resume/machine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace relay::resume {
namespace {

using wire::resume_type;
using bytes = std::vector<std::byte>;

std::span<const std::byte> view(const std::string& of) { return std::as_bytes(std::span(of)); }

/// All that goes out now.
bytes sent(machine& by, std::size_t at_once = SIZE_MAX) {
  bytes all;
  for (auto piece = by.output(); !piece.empty(); piece = by.output()) {
    const auto count = std::min(piece.size(), at_once);
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    by.wrote(count);
  }
  return all;
}

/// The same, a piece for each message.
std::vector<bytes> messages(machine& by) {
  std::vector<bytes> all;
  for (auto piece = by.output(); !piece.empty(); piece = by.output()) {
    all.emplace_back(piece.begin(), piece.end());
    by.wrote(piece.size());
  }
  return all;
}

std::string take(machine& by, bytes what, machine::event* event = nullptr) {
  const auto pass = by.take(what);
  if (event != nullptr) *event = pass.what;
  return {reinterpret_cast<const char*>(what.data()), pass.payload};
}

std::string take_messages(machine& by, const std::vector<bytes>& all, bool is_text = false) {
  bytes joined;
  std::vector<wire::ws_message_end> ends;
  for (const auto& each : all) {
    joined.insert(joined.end(), each.begin(), each.end());
    ends.push_back({static_cast<std::uint32_t>(joined.size()), is_text});
  }
  const auto pass = by.take(joined, ends);
  std::string got(reinterpret_cast<const char*>(joined.data()), pass.payload);
  for (const auto each : by.spilt()) got += static_cast<char>(each);
  return got;
}

bytes frame(resume_type type, std::uint64_t number, const std::string& payload = {}) {
  const auto head = wire::write_resume_header(
      {static_cast<std::uint8_t>(type), static_cast<std::uint32_t>(payload.size()), number});
  bytes made(head.begin(), head.end());
  const auto of = view(payload);
  made.insert(made.end(), of.begin(), of.end());
  return made;
}

bytes packet(int type, std::uint64_t sequence, std::uint64_t ack, const std::string& payload = {}) {
  const auto head = wire::write_rtunnel(
      {static_cast<std::uint8_t>(type), sequence, ack, static_cast<std::uint32_t>(payload.size())});
  bytes made(head.begin(), head.end());
  const auto of = view(payload);
  made.insert(made.end(), of.begin(), of.end());
  return made;
}

void connect(machine& with, std::uint64_t has = 0) {
  with.attach();
  EXPECT_TRUE(with.open(has));
}

TEST(Machine, DataGoOutNumberedAndAreAcknowledgedWhenTheyAreTaken) {
  machine a({});
  machine b({});
  connect(a);
  connect(b);
  a.write(view("hello"));
  EXPECT_EQ(take(b, sent(a)), "hello");
  EXPECT_FALSE(b.owes_ack()) << "nobody has taken it yet";
  b.taken();
  EXPECT_TRUE(b.owes_ack());
  b.acknowledge_now();
  EXPECT_EQ(sent(b), frame(resume_type::ack, 1));
  EXPECT_TRUE(sent(b).empty()) << "never without an advance";
  b.acknowledge_now();
  EXPECT_TRUE(sent(b).empty());
  EXPECT_EQ(a.unacknowledged(), 5U);
  EXPECT_EQ(take(a, frame(resume_type::ack, 1)), "");
  EXPECT_EQ(a.unacknowledged(), 0U);
  EXPECT_FALSE(a.holds_memory());
}

TEST(Machine, AnAcknowledgementGoesWithData) {
  machine a({});
  connect(a);
  EXPECT_EQ(take(a, frame(resume_type::data, 1, "x")), "x");
  a.taken();
  a.write(view("y"));
  auto wanted = frame(resume_type::ack, 1);
  const auto data = frame(resume_type::data, 1, "y");
  wanted.insert(wanted.end(), data.begin(), data.end());
  EXPECT_EQ(sent(a), wanted);
  EXPECT_FALSE(a.owes_ack());
}

TEST(Machine, DuplicatesAndGapsAreDropped) {
  machine a({});
  connect(a);
  EXPECT_EQ(take(a, frame(resume_type::data, 1, "a")), "a");
  EXPECT_EQ(take(a, frame(resume_type::data, 1, "a")), "");
  EXPECT_EQ(take(a, frame(resume_type::data, 3, "c")), "");
  EXPECT_EQ(take(a, frame(resume_type::data, 2, "b")), "b");
  EXPECT_EQ(take(a, frame(resume_type::data, 3, "c")), "c");
  EXPECT_EQ(a.received(), 3U);
}

TEST(Machine, AFrameThatWasCutOffGoesOnWhereItWas) {
  const auto whole = frame(resume_type::data, 1, "abcdef");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    machine a({});
    connect(a);
    auto got = take(a, bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
    a.detach();
    a.taken();
    connect(a);
    got += take(a, whole);
    EXPECT_EQ(got, "abcdef") << cut;
    EXPECT_EQ(a.received(), 1U);
  }
}

TEST(Machine, OnANewCarrierWhatTheOtherLacksComesAgainAndNothingElse) {
  machine a({});
  connect(a);
  std::string all;
  for (const auto* each : {"one", "two", "three"}) {
    a.write(view(each));
    (void)sent(a);
  }
  a.attach();
  EXPECT_TRUE(sent(a).empty()) << "not before the two agree";
  EXPECT_TRUE(a.open(1));
  machine b({});
  connect(b);
  take(b, frame(resume_type::data, 1, "one"));
  EXPECT_EQ(take(b, sent(a, 3)), "twothree");
}

TEST(Machine, AcknowledgementsAreChecked) {
  machine a({});
  connect(a);
  a.write(view("x"));
  (void)sent(a);
  EXPECT_TRUE(a.open(1));
  a.write(view("y"));
  EXPECT_FALSE(a.open(2)) << "never sent";
}

TEST(Machine, WhoIsNotGreetedMaySayNothingElse) {
  machine a({});
  a.attach();
  machine::event event{};
  take(a, frame(resume_type::data, 1, "x"), &event);
  EXPECT_EQ(event, machine::event::violation);
  machine b({});
  b.attach();
  auto hello = wire::write_resume(wire::resume_refusal::gone);
  take(b, hello, &event);
  EXPECT_EQ(event, machine::event::handshake);
  EXPECT_EQ(b.heard().type, static_cast<std::uint8_t>(resume_type::refuse));
  EXPECT_EQ(b.heard().payload.size(), 1U);
}

TEST(Machine, TheEndOfOneDirectionIsAcknowledgedLikeData) {
  machine a({});
  machine b({});
  connect(a);
  connect(b);
  a.write(view("x"));
  a.end();
  EXPECT_EQ(take(b, sent(a)), "x");
  EXPECT_TRUE(b.peer_has_ended());
  EXPECT_FALSE(a.end_is_taken());
  b.taken();
  b.acknowledge_now();
  take(a, sent(b));
  EXPECT_TRUE(a.end_is_taken());
  EXPECT_FALSE(a.is_complete()) << "the other direction goes on";
  b.write(view("answer"));
  b.end();
  EXPECT_EQ(take(a, sent(b)), "answer");
  a.taken();
  a.acknowledge_now();
  take(b, sent(a));
  EXPECT_TRUE(a.is_complete());
  EXPECT_TRUE(b.is_complete());
}

TEST(Machine, AResetIsToldAndNothingFollowsIt) {
  machine a({});
  connect(a);
  a.write(view("x"));
  a.reset();
  EXPECT_EQ(sent(a), frame(resume_type::reset, 0));
  machine b({});
  connect(b);
  take(b, frame(resume_type::reset, 0));
  EXPECT_TRUE(b.was_reset());
}

TEST(Machine, APingIsAnswered) {
  machine a({});
  connect(a);
  a.ping(5);
  EXPECT_EQ(sent(a), frame(resume_type::ping, 5));
  take(a, frame(resume_type::ping, 9));
  EXPECT_EQ(sent(a), frame(resume_type::pong, 9));
  take(a, frame(resume_type::pong, 5));
  EXPECT_TRUE(a.heard_pong());
  EXPECT_FALSE(a.heard_pong());
}

// --- RTunnel's encoding

machine rtunnel(bool half_close = false, bool g1 = false, bool g2 = true) {
  machine made(rtunnel_limits(half_close, g1, g2));
  made.attach();
  (void)made.open(std::nullopt);
  return made;
}

TEST(MachineRtunnel, OnePacketIsOneMessage) {
  auto a = rtunnel();
  a.write(view("hi"));
  EXPECT_EQ(messages(a), std::vector<bytes>{packet(1, 1, 0, "hi")});
  a.write(view(std::string(20'000, 'x')));
  const auto two = messages(a);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].size(), 21U + 16384);
  EXPECT_EQ(two[1].size(), 21U + 3616);
}

TEST(MachineRtunnel, OneAcknowledgementAfterAnAttachAndNoneOfNothing) {
  auto a = rtunnel();
  EXPECT_TRUE(messages(a).empty());
  EXPECT_EQ(take_messages(a, {packet(1, 1, 0, "x")}), "x");
  a.taken();
  a.acknowledge_now();
  EXPECT_EQ(messages(a), std::vector<bytes>{packet(2, 0, 1)});
  EXPECT_EQ(take_messages(a, {packet(1, 1, 0, "x")}), "") << "a duplicate";
  a.taken();
  a.acknowledge_now();
  EXPECT_TRUE(messages(a).empty()) << "it would cause another resend";
  a.attach();
  (void)a.open(std::nullopt);
  EXPECT_EQ(messages(a), std::vector<bytes>{packet(2, 0, 1)});
}

TEST(MachineRtunnel, TheWholeWindowComesAgainOnlyAfterAnAttach) {
  auto a = rtunnel();
  a.write(view("one"));
  const auto first = messages(a);
  take_messages(a, {packet(2, 0, 0)});
  EXPECT_TRUE(messages(a).empty()) << "an ACK that does not advance says nothing";
  take_messages(a, {packet(2, 0, 1000)});
  EXPECT_EQ(a.unacknowledged(), 3U) << "nor one beyond what was sent";
  a.attach();
  (void)a.open(std::nullopt);
  EXPECT_EQ(messages(a), first);
}

TEST(MachineRtunnel, ShortPacketsUnknownTypesAndTextAreIgnoredAndWhatIsTooLongIsCut) {
  auto a = rtunnel();
  auto longer = packet(1, 1, 0, "x");
  longer.resize(longer.size() + 9);
  auto shorter = packet(1, 1, 0, "xyz");
  shorter.pop_back();
  EXPECT_EQ(take_messages(a, {bytes(20), shorter, packet(9, 1, 0, "z"), bytes()}), "");
  EXPECT_EQ(take_messages(a, {packet(1, 1, 0, "t")}, true), "");
  EXPECT_EQ(take_messages(a, {longer, packet(1, 2, 0), packet(1, 3, 0, "y")}), "xy");
  EXPECT_EQ(a.received(), 3U) << "one without payload has a number, too";
}

TEST(MachineRtunnel, MessagesMayComeInPieces) {
  const auto whole = packet(1, 1, 0, "abcdef");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    auto a = rtunnel();
    bytes first(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
    bytes second(whole.begin() + static_cast<std::ptrdiff_t>(cut), whole.end());
    EXPECT_EQ(a.take(first, {}).payload, 0U);
    EXPECT_EQ(take_messages(a, {second, packet(1, 2, 0, "g")}), "abcdefg") << cut;
  }
}

TEST(MachineRtunnel, FinWaitsForEverythingToBeAcknowledgedAndIsSaidAgainOnANewCarrier) {
  struct kind {
    bool g1, g2;
    std::vector<bytes> wanted;
  };
  const kind kinds[] = {{false, true, {packet(3, 0, 0)}},
                        {true, false, {packet(4, 0, 0)}},
                        {true, true, {packet(3, 0, 0), packet(4, 0, 0)}}};
  for (const auto& each : kinds) {
    auto a = rtunnel(false, each.g1, each.g2);
    a.write(view("x"));
    a.end();
    EXPECT_EQ(messages(a).size(), 1U);
    EXPECT_FALSE(a.end_is_taken());
    take_messages(a, {packet(2, 0, 1)});
    EXPECT_EQ(messages(a), each.wanted);
    EXPECT_TRUE(a.end_is_taken());
    a.attach();
    (void)a.open(std::nullopt);
    EXPECT_EQ(messages(a), each.wanted);
  }
}

TEST(MachineRtunnel, EitherFinIsTheEnd) {
  for (const int type : {3, 4}) {
    auto a = rtunnel();
    EXPECT_EQ(take_messages(a, {packet(1, 1, 0, "x"), packet(type, 0, 0)}), "x");
    EXPECT_TRUE(a.peer_has_ended());
  }
}

TEST(MachineRtunnel, OurOwnPeersKnowTheEndOfOneDirection) {
  auto a = rtunnel(true);
  a.write(view("x"));
  a.end();
  EXPECT_EQ(messages(a), (std::vector<bytes>{packet(1, 1, 0, "x"), packet(16, 2, 0)}));
  auto b = rtunnel(true);
  take_messages(b, {packet(1, 1, 0, "x"), packet(16, 2, 0)});
  EXPECT_TRUE(b.peer_has_ended());
  EXPECT_FALSE(b.peer_is_done());
  auto old = rtunnel(false);
  take_messages(old, {packet(16, 1, 0)});
  EXPECT_FALSE(old.peer_has_ended());
}

TEST(MachineRtunnel, AtMost128PacketsAreOnTheirWay) {
  auto a = rtunnel();
  std::size_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    taken += a.write(view("x"));
    (void)messages(a);
  }
  EXPECT_EQ(taken, 128U);
  EXPECT_TRUE(a.is_full());
}

}  // namespace
}  // namespace relay::resume
