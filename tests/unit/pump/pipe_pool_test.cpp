#include <relay/pump/pipe_pool.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

namespace relay::pump {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

struct bench {
  int afforded = 0;
  int refunded = 0;
  bool affordable = true;
  pipe_budget budget;
  explicit bench(std::size_t bytes, std::size_t capacity = mib)
      : budget(
            bytes, capacity, [this] { return affordable && ++afforded > 0; },
            [this] { ++refunded; }) {}
};

TEST(PipePool, MakesPipesOfTheWishedCapacity) {
  for (const std::size_t wished : {std::size_t{4096}, std::size_t{1} << 18, mib}) {
    bench b(mib, wished);
    pipe_pool pool(b.budget);
    const auto pipe = pool.lease();
    ASSERT_TRUE(pipe);
    EXPECT_GE(::fcntl(pipe->read_end(), F_GETPIPE_SZ), static_cast<int>(wished));
  }
}

TEST(PipePool, LendsTheSamePipeAgain) {
  bench b(8 * mib);
  pipe_pool pool(b.budget);
  auto pipe = pool.lease();
  const int fd = pipe->read_end();
  pool.give_back(std::move(pipe));
  EXPECT_EQ(pool.lease()->read_end(), fd);
}

TEST(PipePool, GivesUpWhatItKeeps) {
  bench b(8 * mib);
  pipe_pool pool(b.budget);
  pool.give_back(pool.lease());
  EXPECT_EQ(b.budget.taken(), mib);
  pool.clear();
  EXPECT_EQ(b.budget.taken(), 0U);
  EXPECT_EQ(b.refunded, 1);
}

TEST(PipePool, KeepsToTheBudgetOfAllWorkers) {
  bench b(2 * mib);
  pipe_pool one(b.budget);
  pipe_pool other(b.budget);
  auto first = one.lease();
  std::vector<std::unique_ptr<kernel_pipe>> others;
  while (auto pipe = other.lease()) others.push_back(std::move(pipe));
  EXPECT_EQ(others.size(), 4U) << "small ones";
  EXPECT_FALSE(one.lease());
  first.reset();
  EXPECT_EQ(b.budget.taken(), mib);
  EXPECT_TRUE(other.lease());
}

TEST(PipePool, GivesTheFirstWholeOnesAndTheManySmallOnes) {
  bench b(6 * mib);
  pipe_pool pool(b.budget);
  std::vector<std::unique_ptr<kernel_pipe>> lent;
  while (auto pipe = pool.lease()) lent.push_back(std::move(pipe));
  EXPECT_EQ(lent.size(), 2U + 4 * 4);
  EXPECT_EQ(::fcntl(lent[1]->read_end(), F_GETPIPE_SZ), static_cast<int>(mib));
  EXPECT_TRUE(lent[1]->is_whole());
  EXPECT_EQ(::fcntl(lent[2]->read_end(), F_GETPIPE_SZ), static_cast<int>(pipe_budget::small));
  EXPECT_FALSE(lent[2]->is_whole());
}

TEST(PipePool, LendsLargeOnesBeforeSmallOnes) {
  bench b(3 * mib);
  pipe_pool pool(b.budget);
  auto large = pool.lease();
  auto small = pool.lease();
  ASSERT_FALSE(small->is_whole());
  pool.give_back(std::move(large));
  pool.give_back(std::move(small));
  EXPECT_TRUE(pool.lease()->is_whole());
}

TEST(PipePool, LendsTheLastThatCameBackWhateverItsCapacity) {
  for (const std::size_t capacity : {std::size_t{1} << 16, mib}) {
    bench b(8 * mib, capacity);
    pipe_pool pool(b.budget);
    auto first = pool.lease();
    auto last = pool.lease();
    const int fd = last->read_end();
    pool.give_back(std::move(first));
    pool.give_back(std::move(last));
    EXPECT_EQ(pool.lease()->read_end(), fd) << capacity;
  }
}

TEST(PipePool, AsksForDescriptorsAndGivesThemBack) {
  bench b(2 * mib);
  pipe_pool pool(b.budget);
  b.affordable = false;
  EXPECT_FALSE(pool.lease());
  EXPECT_EQ(b.budget.taken(), 0U);
  EXPECT_EQ(b.refunded, 0);
  b.affordable = true;
  pool.lease().reset();
  EXPECT_EQ(b.afforded, 1);
  EXPECT_EQ(b.refunded, 1);
}

TEST(PipePool, SplicingIsPossibleHere) { EXPECT_FALSE(lacks_splice()); }

TEST(PipePool, WithoutABudgetNothingIsLent) {
  pipe_budget none(
      0, std::size_t{1} << 20, [] { return true; }, [] {});
  pipe_pool pool(none);
  EXPECT_EQ(pool.lease(), nullptr);
  EXPECT_EQ(none.taken(), 0U);
}

}  // namespace
}  // namespace relay::pump
