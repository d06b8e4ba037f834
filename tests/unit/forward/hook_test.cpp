#include "support/scratch_directory.hpp"

#include <relay/forward/hook.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>

#include <filesystem>

// Loading a hook library (spec 10).
namespace relay::forward {
namespace {

std::string failure(const std::string& path) {
  try {
    load_hook(path);
  } catch (const hook_error& e) {
    return e.what();
  }
  return {};
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Hook, FindsBothFunctionsOfALibrary) {
  const auto loaded = load_hook(RELAY_HOOK_WHOLE);
  EXPECT_EQ(loaded.first_packet_length(), 3U);
  EXPECT_EQ(loaded.decide(7, "yes"), 7);
  EXPECT_EQ(loaded.decide(7, "no!"), -1);
}

TEST(Hook, KeepsItsNamesToItself) {
  load_hook(RELAY_HOOK_WHOLE);
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "realm_first_pkt_len"), nullptr);
}

TEST(Hook, StaysLoadedForACallThatIsUnderWay) {
  load_hook(RELAY_HOOK_WHOLE);
  void* const again = ::dlopen(RELAY_HOOK_WHOLE, RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(again, nullptr);
  ::dlclose(again);
}

TEST(Hook, NamesTheFileThatIsMissing) {
  const auto text = failure("/no/such/hook.so");
  EXPECT_TRUE(says(text, "cannot load the hook library /no/such/hook.so: ")) << text;
  EXPECT_TRUE(says(text, "No such file")) << text;
  EXPECT_TRUE(says(failure(""), "empty"));
}

TEST(Hook, SaysThatAFileIsNoLibrary) {
  const test::scratch_directory folder;
  const auto path = folder.file("hook.so", "int main() {}\n");
  EXPECT_TRUE(says(failure(path), path)) << failure(path);
}

TEST(Hook, NamesTheFunctionThatALibraryLacks) {
  const auto text = failure(RELAY_HOOK_HALF);
  EXPECT_TRUE(says(text, "has no function `realm_decide_remote_idx`")) << text;
}

TEST(Hook, FindsOutAtOnceWhatALibraryNeedsAndNobodyHas) {
  const auto text = failure(RELAY_HOOK_UNRESOLVED);
  EXPECT_TRUE(says(text, "relay_test_nobody_has_this")) << text;
}

TEST(Hook, AFileOfThisFolderWantsADotAndASlash) {
  const test::scratch_directory folder;
  std::filesystem::copy_file(RELAY_HOOK_WHOLE, folder.path() + "/relay_test_hook_here.so");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto bare = failure("relay_test_hook_here.so");
  const auto dotted = failure("./relay_test_hook_here.so");
  std::filesystem::current_path(before);
  EXPECT_TRUE(says(bare, "write ./relay_test_hook_here.so")) << bare;
  EXPECT_EQ(dotted, "");
}

}  // namespace
}  // namespace relay::forward
