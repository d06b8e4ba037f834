#include "app/standard_streams.hpp"

#include <relay/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <string>

namespace relay::app {
namespace {

struct a_pipe {
  a_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    from = unique_fd(ends[0]);
    to = unique_fd(ends[1]);
  }
  std::string read() const {
    std::array<char, 2 * PIPE_BUF> into;
    ::fcntl(from.get(), F_SETFL, O_NONBLOCK);
    const auto count = ::read(from.get(), into.data(), into.size());
    return count > 0 ? std::string(into.data(), static_cast<std::size_t>(count)) : std::string();
  }
  void fill() const {
    ::fcntl(to.get(), F_SETFL, O_NONBLOCK);
    const std::string much(PIPE_BUF, 'x');
    while (::write(to.get(), much.data(), much.size()) > 0) {
    }
    ::fcntl(to.get(), F_SETFL, 0);  // from now on a write would wait
  }

  unique_fd from, to;
};

TEST(WriteUnlessFull, ALineIsWrittenWhereThereIsRoom) {
  const a_pipe pipe;
  write_unless_full(pipe.to.get(), "a line\n");
  EXPECT_EQ(pipe.read(), "a line\n");
}

TEST(WriteUnlessFull, NobodyWaitsForAReaderThatHasStopped) {
  const a_pipe pipe;
  pipe.fill();
  write_unless_full(pipe.to.get(), "a line\n");  // returns, or the test never ends
  std::string all;
  for (auto some = pipe.read(); !some.empty(); some = pipe.read()) all += some;
  EXPECT_EQ(all.find_first_not_of('x'), std::string::npos) << "the line is lost";
}

TEST(WriteUnlessFull, ALongLineIsCutAndStillALine) {
  const a_pipe pipe;
  write_unless_full(pipe.to.get(), std::string(PIPE_BUF + 100, 'y') + '\n');
  EXPECT_EQ(pipe.read(), std::string(PIPE_BUF, 'y') + '\n');
}

}  // namespace
}  // namespace relay::app
