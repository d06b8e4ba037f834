#include <relay/wire/rtunnel.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

// The bytes are those of the real programs (spec 14, 16).
namespace relay::wire {
namespace {

std::vector<std::byte> bytes_of(const std::string& hex) {
  std::vector<std::byte> made;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    made.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return made;
}

struct vector_of {
  std::string hex;
  rtunnel_header header;
};

const vector_of vectors[] = {
    {"010000000000000001000000000000000000000002", {1, 1, 0, 2}},
    {"020000000000000000000000000000000100000000", {2, 0, 1, 0}},
    {"030000000000000000000000000000000000000000", {3, 0, 0, 0}},
    {"040000000000000000000000000000000000000000", {4, 0, 0, 0}},
    {"010000000000000002000000000000000000004000", {1, 2, 0, 16384}},
};

TEST(Rtunnel, WritesWhatTheRealProgramsWrite) {
  for (const auto& each : vectors) {
    const auto made = write_rtunnel(each.header);
    EXPECT_EQ(std::vector<std::byte>(made.begin(), made.end()), bytes_of(each.hex));
  }
}

TEST(Rtunnel, ReadsTheHeaderOfAWholeMessage) {
  for (const auto& each : vectors) {
    auto message = bytes_of(each.hex);
    message.resize(message.size() + each.header.length);
    EXPECT_EQ(read_rtunnel(message), each.header);
    message.resize(message.size() + 7);
    EXPECT_EQ(read_rtunnel(message), each.header) << "what is beyond the payload means nothing";
  }
}

TEST(Rtunnel, AMessageThatLacksAnythingIsNone) {
  for (const auto& each : vectors) {
    auto message = bytes_of(each.hex);
    message.resize(message.size() + each.header.length);
    while (!message.empty()) {
      message.pop_back();
      EXPECT_FALSE(read_rtunnel(message)) << message.size();
      if (message.size() > 64) message.resize(64);
    }
  }
}

TEST(Rtunnel, BothNumbersOfFinAreOne) {
  EXPECT_TRUE(rtunnel_header({3, 0, 0, 0}).is_fin());
  EXPECT_TRUE(rtunnel_header({4, 0, 0, 0}).is_fin());
  EXPECT_FALSE(rtunnel_header({16, 9, 0, 0}).is_fin());
}

}  // namespace
}  // namespace relay::wire
