#include <relay/base/words.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(EditDistance, CountsTheSmallestNumberOfEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("listen", "listen"), 0U);
  EXPECT_EQ(edit_distance("lisen", "listen"), 1U);
  EXPECT_EQ(edit_distance("lisetn", "listen"), 1U);  // a swap is one edit
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(NearestWord, FindsWhatWasMeant) {
  const std::vector<std::string_view> keys{"listen", "remote", "network", "balance"};
  EXPECT_EQ(nearest_word("lisen", keys), "listen");
  EXPECT_EQ(nearest_word("netwrok", keys), "network");
  EXPECT_EQ(nearest_word("Remote", keys), "remote");
}

TEST(NearestWord, DoesNotGuess) {
  const std::vector<std::string_view> keys{"listen", "remote"};
  EXPECT_EQ(nearest_word("certificate", keys), "");
  EXPECT_EQ(nearest_word("x", keys), "");
  EXPECT_EQ(nearest_word("", keys), "");
  EXPECT_EQ(nearest_word(std::string(100000, 'l'), keys), "");
  EXPECT_EQ(nearest_word("listen", {}), "");
}

TEST(JoinWords, ReadsLikeASentence) {
  const std::vector<std::string_view> words{"tcp", "udp", "tcp_and_udp"};
  EXPECT_EQ(join_words(words), "tcp, udp or tcp_and_udp");
  EXPECT_EQ(join_words(std::span(words).first(2)), "tcp or udp");
  EXPECT_EQ(join_words(std::span(words).first(1)), "tcp");
  EXPECT_EQ(join_words({}), "");
}

}  // namespace
}  // namespace relay
