#include <relay/base/code.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(Code, HasTheWordThatProgramsWaitFor) {
  const struct {
    code what;
    std::string_view word;
  } rows[]{
      {code::config, "RLY-CONFIG"},     {code::bind, "RLY-BIND"}, {code::cert, "RLY-CERT"},
      {code::hook, "RLY-HOOK"},         {code::name, "RLY-NAME"}, {code::files, "RLY-FILES"},
      {code::restart, "RLY-RESTART"},   {code::busy, "RLY-BUSY"}, {code::confirm, "RLY-CONFIRM"},
      {code::internal, "RLY-INTERNAL"},
  };
  for (const auto& [what, word] : rows) EXPECT_EQ(to_string(what), word);
}

TEST(Code, ThatIsNoneIsAMistakeOfOurs) {
  EXPECT_EQ(to_string(static_cast<code>(255)), "RLY-INTERNAL");
}

}  // namespace
}  // namespace relay
