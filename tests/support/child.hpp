#pragma once

#include "sockets.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace relay::test {

/// Another program, with a pipe each way; it ends with this object at the latest.
class child {
 public:
  explicit child(std::vector<std::string> arguments) {
    int down[2];
    int up[2];
    if (::pipe2(down, O_CLOEXEC) != 0 || ::pipe2(up, O_CLOEXEC) != 0) {
      throw std::runtime_error("pipe2");
    }
    std::vector<char*> argv;
    for (auto& each : arguments) argv.push_back(each.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(down[0], STDIN_FILENO);
      ::dup2(up[1], STDOUT_FILENO);
      ::dup2(up[1], STDERR_FILENO);
      ::execvp(argv.front(), argv.data());
      ::_exit(127);
    }
    ::close(down[0]);
    ::close(up[1]);
    in_.reset(down[1]);
    out_.reset(up[0]);
    set_non_blocking(out_.get());
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void type(const std::string& text) const {
    if (::write(in_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("the program does not read");
    }
  }
  void close_input() { in_.reset(); }
  /// Everything it has printed so far.
  const std::string& printed() {
    char part[4096];
    for (ssize_t n = 0; (n = ::read(out_.get(), part, sizeof part)) > 0;) {
      printed_.append(part, static_cast<std::size_t>(n));
    }
    return printed_;
  }
  bool has_printed(const std::string& text) { return printed().find(text) != std::string::npos; }

 private:
  pid_t pid_ = -1;
  unique_fd in_;
  unique_fd out_;
  std::string printed_;
};

}  // namespace relay::test
