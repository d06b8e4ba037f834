#include <relay/net/handler_memory.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>

namespace relay::net {
namespace {

bool lies_in(const void* what, const handler_memory& memory) {
  const auto* const first = reinterpret_cast<const std::byte*>(&memory);
  const auto* const at = static_cast<const std::byte*>(what);
  return std::greater_equal<>()(at, first) && std::less<>()(at, first + sizeof memory);
}

TEST(HandlerMemory, TheFirstHandlerHasItAndWhatIsBesideItComesFromTheHeap) {
  handler_memory memory;
  void* const first = memory.take(64);
  void* const second = memory.take(64);
  EXPECT_TRUE(lies_in(first, memory));
  EXPECT_FALSE(lies_in(second, memory));
  memory.give_back(first);
  EXPECT_EQ(memory.take(64), first) << "free again";
  memory.give_back(second);
  memory.give_back(first);
}

TEST(HandlerMemory, WhatIsTooLargeComesFromTheHeap) {
  handler_memory memory;
  void* const large = memory.take(4096);
  EXPECT_FALSE(lies_in(large, memory));
  memory.give_back(large);
}

// The handler of an operation is given back before it is called, so the next one finds room.
TEST(HandlerMemory, AHandlerThatPostsItselfAgainNeedsNoOther) {
  handler_memory memory;
  boost::asio::io_context loop;
  int times = 0;
  std::function<void()> again = [&] {
    if (++times == 3) return;
    void* const probe = memory.take(1);
    EXPECT_TRUE(lies_in(probe, memory));
    memory.give_back(probe);
    boost::asio::post(loop, kept_in(memory, [&again] { again(); }));
  };
  boost::asio::post(loop, kept_in(memory, [&again] { again(); }));
  void* const probe = memory.take(1);
  EXPECT_FALSE(lies_in(probe, memory)) << "it is used while the handler waits";
  memory.give_back(probe);
  loop.run();
  EXPECT_EQ(times, 3);
}

}  // namespace
}  // namespace relay::net
