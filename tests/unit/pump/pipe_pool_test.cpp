#include <relay/pump/pipe_pool.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace relay::pump {
namespace {

struct bench {
  int afforded = 0;
  int refunded = 0;
  bool affordable = true;
  pipe_budget budget;
  explicit bench(std::size_t most, std::size_t capacity = std::size_t{1} << 20)
      : budget(
            most, capacity, [this] { return affordable && ++afforded > 0; },
            [this] { ++refunded; }) {}
};

TEST(PipePool, MakesPipesOfTheWishedCapacity) {
  for (const std::size_t wished : {std::size_t{4096}, std::size_t{1} << 18, std::size_t{1} << 20}) {
    bench b(1, wished);
    pipe_pool pool(b.budget);
    const auto pipe = pool.lease();
    ASSERT_TRUE(pipe);
    EXPECT_GE(::fcntl(pipe->read_end(), F_GETPIPE_SZ), static_cast<int>(wished));
  }
}

TEST(PipePool, LendsTheSamePipeAgain) {
  bench b(8);
  pipe_pool pool(b.budget);
  auto pipe = pool.lease();
  const int fd = pipe->read_end();
  pool.give_back(std::move(pipe));
  EXPECT_EQ(pool.lease()->read_end(), fd);
}

TEST(PipePool, GivesUpWhatItKeeps) {
  bench b(8);
  pipe_pool pool(b.budget);
  pool.give_back(pool.lease());
  EXPECT_EQ(b.budget.taken(), 1U);
  pool.clear();
  EXPECT_EQ(b.budget.taken(), 0U);
  EXPECT_EQ(b.refunded, 1);
}

TEST(PipePool, KeepsToTheBudgetOfAllWorkers) {
  bench b(2);
  pipe_pool one(b.budget);
  pipe_pool other(b.budget);
  auto first = one.lease();
  const auto second = other.lease();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(one.lease());
  first.reset();
  EXPECT_EQ(b.budget.taken(), 1U);
  EXPECT_TRUE(other.lease());
}

TEST(PipePool, AsksForDescriptorsAndGivesThemBack) {
  bench b(2);
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

}  // namespace
}  // namespace relay::pump
