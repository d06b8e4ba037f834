#include <relay/wire/resume.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace relay::wire {
namespace {

resume_header header_of(const std::vector<std::byte>& frame) {
  return read_resume_header(std::span(frame).first<resume_header_bytes>());
}
std::span<const std::byte> payload_of(const std::vector<std::byte>& frame) {
  return std::span(frame).subspan(resume_header_bytes);
}

template <std::size_t size>
std::array<std::byte, size> filled(int with) {
  std::array<std::byte, size> made;
  made.fill(static_cast<std::byte>(with));
  return made;
}

const resume_greeting greeting{true, 77, filled<16>(1)};
const resume_hello hello{filled<16>(2), true, 77, 9, 1U << 22, filled<16>(3), std::nullopt};

TEST(Resume, AHeaderIsTwelveBytes) {
  const resume_header of{1, 0x010203, 0x0405060708090a0bULL};
  const auto made = write_resume_header(of);
  for (std::size_t i = 1; i < made.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(made[i]), i);
  EXPECT_EQ(read_resume_header(made), of);
}

TEST(Resume, WhatNoPeerSendsIsAViolation) {
  const auto code = [](resume_type of) { return static_cast<std::uint8_t>(of); };
  EXPECT_FALSE(is_violation({code(resume_type::data), 1, 1}));
  EXPECT_FALSE(is_violation({code(resume_type::data), longest_resume_payload, 1}));
  EXPECT_TRUE(is_violation({code(resume_type::data), longest_resume_payload + 1, 1}));
  EXPECT_TRUE(is_violation({code(resume_type::data), 0, 1})) << "data without data";
  EXPECT_TRUE(is_violation({code(resume_type::data), 1, 0})) << "numbers begin at 1";
  EXPECT_TRUE(is_violation({code(resume_type::ack), 1, 1}));
  EXPECT_TRUE(is_violation({code(resume_type::end), 0, 0}));
  EXPECT_FALSE(is_violation({99, 5, 0})) << "a later version's";
}

TEST(Resume, FramesOfTheHandshakeComeBackAsTheyWere) {
  const auto first = write_resume(greeting);
  EXPECT_TRUE(header_of(first).is(resume_type::greeting));
  EXPECT_EQ(read_resume_greeting(payload_of(first)), greeting);
  auto proven = hello;
  for (const bool with_proof : {false, true}) {
    if (with_proof) proven.proof = filled<32>(5);
    const auto second = write_resume(proven);
    EXPECT_TRUE(header_of(second).is(resume_type::hello));
    EXPECT_EQ(read_resume_hello(header_of(second).number, payload_of(second)), proven);
    const resume_accept answer{11, 4096, 77, proven.proof};
    const auto third = write_resume(answer);
    EXPECT_TRUE(header_of(third).is(resume_type::accept));
    EXPECT_EQ(read_resume_accept(header_of(third).number, payload_of(third)), answer);
  }
  const auto refusal = write_resume(resume_refusal::gone);
  EXPECT_EQ(read_resume_refusal(payload_of(refusal)), resume_refusal::gone);
}

TEST(Resume, OtherProtocolsAndShortFramesAreNone) {
  auto frame = write_resume(greeting);
  EXPECT_FALSE(read_resume_greeting(payload_of(frame).first(payload_of(frame).size() - 1)));
  frame[resume_header_bytes] = std::byte{'R'};
  EXPECT_FALSE(read_resume_greeting(payload_of(frame)));
  auto other = write_resume(hello);
  other[resume_header_bytes + 8] = std::byte{2};
  EXPECT_FALSE(read_resume_hello(0, payload_of(other))) << "another version";
  EXPECT_FALSE(read_resume_hello(0, {}));
  EXPECT_FALSE(read_resume_accept(0, {}));
  EXPECT_FALSE(read_resume_refusal({}));
}

// RFC 4231 has HMAC's own vectors; what counts here is what a proof covers.
TEST(Resume, AProofIsOfOneSecretOneNonceOneSessionAndOneSide) {
  const auto mine = prove_client("secret", greeting, hello);
  EXPECT_TRUE(is_same(mine, prove_client("secret", greeting, hello)));
  EXPECT_FALSE(is_same(mine, prove_client("Secret", greeting, hello)));
  EXPECT_FALSE(is_same(mine, prove_server("secret", greeting, hello))) << "sent back";
  auto another = greeting;
  another.nonce[15] = std::byte{9};
  EXPECT_FALSE(is_same(mine, prove_client("secret", another, hello))) << "replayed";
  another = greeting;
  another.wants_proof = false;
  EXPECT_FALSE(is_same(mine, prove_client("secret", another, hello))) << "downgraded";
  auto stolen = hello;
  stolen.id[0] = std::byte{9};
  EXPECT_FALSE(is_same(mine, prove_client("secret", greeting, stolen))) << "another session";
  stolen = hello;
  stolen.received = 10;
  EXPECT_FALSE(is_same(mine, prove_client("secret", greeting, stolen)));
}

}  // namespace
}  // namespace relay::wire
