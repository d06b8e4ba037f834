#include "base/log_writer.hpp"

#include "support/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <thread>

namespace relay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Two descriptors: what is written to one is read from the other.
struct channel {
  static channel pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {unique_fd(ends[0]), unique_fd(ends[1])};
  }
  static channel stream() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {unique_fd(ends[0]), unique_fd(ends[1])};
  }
  unique_fd out;
  unique_fd in;
};

std::string own_line(bool is_error, const std::string& text) {
  return (is_error ? "! " : "* ") + text + '\n';
}

log_writer writer_to(int fd, std::size_t bytes = 4096) {
  return log_writer(log_output(fd), bytes, own_line);
}

/// All that comes until the other end is closed.
std::string all_of(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_numbers(log_writer& into, int end, int from = 0) {
  for (; from < end; ++from) into.put(std::to_string(from) + std::string(50, '.') + '\n');
}

/// The numbers of the lines, a lost one counted where it was; nothing else may be there.
int check_numbers(const std::string& text) {
  std::istringstream lines(text);
  int expected = 0;
  std::smatch lost;
  for (std::string line; std::getline(lines, line);) {
    static const std::regex told(R"(\* (\d+) lines? lost: they came faster than they were taken)");
    if (std::regex_match(line, lost, told)) {
      expected += std::stoi(lost[1]);
    } else {
      EXPECT_EQ(line, std::to_string(expected++) + std::string(50, '.'));
    }
  }
  return expected;
}

TEST(LogWriter, NobodyWaitsForAReaderThatHasStoppedAndWhatIsLostIsCounted) {
  for (const bool is_pipe : {true, false}) {
    auto [out, in] = is_pipe ? channel::pipe() : channel::stream();
    std::string text;
    {
      auto writer = writer_to(in.get());
      int count = 0;
      for (; writer.flush(1ms); count += 500) put_numbers(writer, count + 500, count);
      put_numbers(writer, 20'000, count);  // behind what the channel and the ring hold
      std::thread reader([&, from = out.get()] { text = all_of(from); });
      EXPECT_TRUE(writer.flush(5s)) << "writing goes on when the reader does";
      writer.put("last\n");
      EXPECT_TRUE(writer.flush(5s));
      ::shutdown(in.get(), SHUT_WR);
      in.reset();
      reader.join();
    }
    ASSERT_TRUE(text.ends_with("last\n"));
    EXPECT_EQ(check_numbers(text.substr(0, text.size() - 5)), 20'000);
  }
}

TEST(LogWriter, ALineThatComesWhileALossIsToldIsWritten) {
  auto [out, in] = channel::pipe();
  ASSERT_GT(::fcntl(in.get(), F_SETPIPE_SZ, 4096), 0);
  std::string text;
  int count = 0;
  {
    auto writer = writer_to(in.get(), 512);
    for (int round = 0; round < 200; ++round) {
      for (; writer.flush(0ms); count += 100) put_numbers(writer, count + 100, count);
      std::thread reader([&, from = out.get()] {
        char buffer[4096];
        while (text.size() < 100 || !text.ends_with("round\n")) {
          const auto got = ::read(from, buffer, sizeof buffer);
          if (got <= 0) return;
          text.append(buffer, static_cast<std::size_t>(got));
        }
        text.resize(text.size() - 6);
      });
      // One line after the other, each as soon as the one before is written.
      for (const int end = count + 20; count < end; ++count) put_numbers(writer, count + 1, count);
      const bool is_written = writer.flush(5s);
      writer.put("round\n");
      if (!is_written) in.reset();  // the reader shall end
      reader.join();
      ASSERT_TRUE(is_written) << round;
    }
  }
  EXPECT_EQ(check_numbers(text), count);
}

TEST(LogWriter, LossAtTheEndIsToldWithoutAnotherLine) {
  auto [out, in] = channel::pipe();
  auto writer = writer_to(in.get());
  put_numbers(writer, 20'000);
  std::string text;
  char buffer[4096];
  while (!text.ends_with('\n') || check_numbers(text) < 20'000) {
    const auto got = ::read(out.get(), buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    text.append(buffer, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(check_numbers(text), 20'000);
}

TEST(LogWriter, EndsInTimeBehindAReaderThatNeverReads) {
  auto [out, in] = channel::pipe();
  const auto began = steady_clock::now();
  {
    auto writer = writer_to(in.get());
    put_numbers(writer, 20'000);
  }
  EXPECT_LT(steady_clock::now() - began, 10s) << "the thread is left behind";
}

TEST(LogWriter, LeavesAFifoWithoutBeingLeftBehind) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const auto before = threads();
  {
    log_writer writer(log_output(path), 4096, own_line);
    put_numbers(writer, 20'000);
  }
  EXPECT_LE(threads(), before) << "one that another test left behind may have ended";
}

TEST(LogWriter, ReopenEndsTheWaitForAReader) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/log";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  log_writer writer(log_output(path), 1 << 20, own_line);
  put_numbers(writer, 5'000);
  EXPECT_FALSE(writer.flush(1ms));
  ASSERT_EQ(::rename(path.c_str(), (path + ".1").c_str()), 0);
  writer.reopen();
  EXPECT_TRUE(writer.flush(5s)) << "what the FIFO does not take goes to the file";
  const auto text = content(path);
  EXPECT_TRUE(text.ends_with("4999" + std::string(50, '.') + '\n'));
  EXPECT_EQ(text.find_first_not_of("0123456789"), text.find('.')) << "it begins with a whole line";
}

TEST(LogOutput, AFifoWithoutAReaderIsOpenedAtOnceAndKeepsItsLinesForOne) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  log_output output(path);
  EXPECT_TRUE(output.lacks_reader());
  EXPECT_FALSE(output.write("early\n"));
  {
    const unique_fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    char text[64];
    EXPECT_EQ(::read(reader.get(), text, sizeof text), 6);
  }
  EXPECT_FALSE(output.write("between\n")) << "the reader has gone";
  const unique_fd again(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  char text[64];
  EXPECT_EQ(::read(again.get(), text, sizeof text), 8) << "and the next one has it";
}

TEST(LogOutput, AFifoWithAReaderAndAFileLackNone) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const unique_fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_FALSE(log_output(path).lacks_reader());
  EXPECT_FALSE(log_output(folder.path() + "/file").lacks_reader());
}

TEST(LogOutput, ASocketIsNoFile) {
  const test::scratch_directory folder;
  const unique_fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto path = folder.path() + "/socket";
  ASSERT_EQ(::mknod(path.c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_THROW(log_output{path}, std::system_error);
}

/// A file that takes only so many bytes: the kernel cuts a line as a full disk does.
class FullFile : public ::testing::Test {
 protected:
  FullFile() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullFile() override {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  void room_for(std::size_t bytes) const {
    auto limit = before_;
    limit.rlim_cur = bytes;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  void all_the_room() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

  test::scratch_directory folder_;
  std::string path_ = folder_.path() + "/log";
  struct rlimit before_ {};
};

TEST_F(FullFile, LineThatWasCutIsNotGluedToTheNext) {
  log_writer writer(log_output(path_), 4096, own_line);
  room_for(10);
  writer.put("whole\n");
  writer.put("is cut off\n");
  writer.put("nothing of it\n");
  EXPECT_TRUE(writer.flush(5s));
  EXPECT_EQ(content(path_), "whole\nis c");
  all_the_room();
  writer.put("goes on\n");
  EXPECT_TRUE(writer.flush(5s));
  EXPECT_EQ(content(path_), "whole\nis c\n* 2 lines lost: file too large\ngoes on\n");
}

TEST_F(FullFile, FileThatEndsWithinALineIsContinuedOnANewOne) {
  std::ofstream(path_) << "cut of";
  log_output output(path_);
  EXPECT_FALSE(output.write("first\n"));
  std::ofstream(path_, std::ios::app) << "by another";
  EXPECT_FALSE(output.reopen());
  EXPECT_FALSE(output.write("second\n"));
  EXPECT_EQ(content(path_), "cut of\nfirst\nby another\nsecond\n");
}

TEST(LogWriter, ReaderThatHasGoneCostsLinesOnlyAndTheNextOneIsTold) {
  std::signal(SIGPIPE, SIG_IGN);
  const test::scratch_directory folder;
  auto [out, in] = channel::pipe();
  auto writer = writer_to(in.get());
  out.reset();
  writer.put("one\n");
  writer.put("two\n");
  EXPECT_TRUE(writer.flush(5s));
  const unique_fd file(
      ::open((folder.path() + "/log").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ::dup2(file.get(), in.get());
  writer.put("three\n");
  EXPECT_TRUE(writer.flush(5s));
  EXPECT_EQ(content(folder.path() + "/log"), "* 2 lines lost: broken pipe\nthree\n");
}

TEST(LogWriter, BorrowedStreamMayBeNonBlocking) {
  auto [out, in] = channel::pipe();
  ::fcntl(in.get(), F_SETFL, O_NONBLOCK);  // whoever shares it may have done so
  std::string text;
  {
    auto writer = writer_to(in.get(), 4 << 20);
    put_numbers(writer, 20'000);
    std::thread reader([&, from = out.get()] { text = all_of(from); });
    EXPECT_TRUE(writer.flush(5s));
    in.reset();
    reader.join();
  }
  EXPECT_EQ(check_numbers(text), 20'000);
  EXPECT_EQ(text.find('*'), std::string::npos);
}

}  // namespace
}  // namespace relay
