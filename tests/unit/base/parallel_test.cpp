#include <relay/base/parallel.hpp>

#include <gtest/gtest.h>

#include <barrier>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace relay {
namespace {

TEST(Parallel, EachNumberIsWorkedOnOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 7U}) {
    std::vector<int> calls(count);
    in_parallel(count, [&](std::size_t number) { ++calls.at(number); });
    EXPECT_EQ(calls, std::vector<int>(count, 1));
  }
}

TEST(Parallel, AllOfThemAtTheSameTimeOnThreadsOfTheirOwn) {
  std::barrier together(3);  // nobody leaves before all have come
  std::mutex guard;
  std::set<std::thread::id> threads;
  in_parallel(3, [&](std::size_t) {
    together.arrive_and_wait();
    const std::lock_guard lock(guard);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), 3U);
}

TEST(Parallel, WhatIsOneStaysOnItsThread) {
  std::thread::id on;
  in_parallel(1, [&](std::size_t) { on = std::this_thread::get_id(); });
  EXPECT_EQ(on, std::this_thread::get_id());
}

TEST(Parallel, TheFirstOfWhatWasThrownArrivesWhenAllAreDone) {
  std::vector<int> calls(4);
  try {
    in_parallel(4, [&](std::size_t number) {
      ++calls[number];
      if (number == 1 || number == 3) throw std::runtime_error(std::to_string(number));
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "1");
  }
  EXPECT_EQ(calls, std::vector<int>(4, 1));
}

}  // namespace
}  // namespace relay
