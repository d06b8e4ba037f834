#include "report.hpp"
#include "request.hpp"
#include "stage.hpp"
#include "works.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <system_error>

namespace relay::bench {
namespace {

/// The program that is started; killed and waited for when this goes.
class child {
 public:
  /// On these cores only.
  child(const std::vector<std::string>& command, const cpu_set_t& cores) {
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::system_category(), "fork");
    if (pid_ > 0) return;
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    (void)::sched_setaffinity(0, sizeof cores, &cores);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    ::kill(pid_, SIGTERM);
    if (!ended(100)) ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }

  bool ended(int tenths = 0) const {
    siginfo_t state{};
    for (int i = 0; i <= tenths; ++i) {
      state.si_pid = 0;
      const int how = WEXITED | WNOHANG | WNOWAIT;
      if (::waitid(P_PID, static_cast<id_t>(pid_), &state, how) == 0 && state.si_pid != 0) {
        return true;
      }
      if (i < tenths) ::usleep(100'000);
    }
    return false;
  }

 private:
  pid_t pid_;
};

/// Of numbers with commas between them; none: those that we may use.
cpu_set_t cores_of(const std::string& text) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (text.empty()) {
    (void)::sched_getaffinity(0, sizeof set, &set);
    return set;
  }
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    std::size_t core = CPU_SETSIZE;
    const auto* const end = word.data() + word.size();
    if (std::from_chars(word.data(), end, core).ptr != end || core >= CPU_SETSIZE) {
      throw usage_error("--cores takes numbers of cores, as 0,1: " + text);
    }
    CPU_SET(core, &set);
  }
  return set;
}

/// One connection with one exchange; false when nobody listens yet.
bool echoes(stage& at) {
  constexpr std::uint32_t size = 64;
  const auto socket = at.dial_program();
  const auto head = request{role::exchange, {}, size, size}.bytes();
  std::vector<char> message(head.begin(), head.end());
  message.resize(message.size() + size, 'q');
  pollfd writable{socket.get(), POLLOUT, 0};
  if (::poll(&writable, 1, 1000) != 1 || (writable.revents & (POLLERR | POLLHUP)) != 0)
    return false;
  if (::send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) return false;
  const auto end = steady::now() + std::chrono::seconds(1);
  for (std::size_t got = 0; got < size && steady::now() < end;) {
    at.events.turn(std::chrono::milliseconds(0));  // the remote has to answer
    std::array<char, size> answer{};
    const auto bytes = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) return false;
    if (bytes > 0) got += static_cast<std::size_t>(bytes);
    if (got == size) return true;
  }
  return false;
}

}  // namespace

int start_work(options& given) {
  stage at(given);
  const auto limit = given.seconds("limit", 30);
  const bool stay = given.number("hold", 0) != 0;
  const auto cores = cores_of(given.text("cores"));
  given.check();
  if (given.command().empty()) throw usage_error("start: -- COMMAND is missing");
  const auto begun = steady::now();
  const auto end = begun + std::chrono::duration<double>(limit);
  const child program(given.command(), cores);
  bool up = false;
  while (!up && steady::now() < end && !program.ended()) up = echoes(at);
  const std::chrono::duration<double, std::milli> took = steady::now() - begun;
  report().add("ms", took.count()).add("errors", up ? 0 : 1).print();
  if (stay) {  // until our input ends: somebody looks at the program's memory
    for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) continue;
  }
  return 0;
}

}  // namespace relay::bench
