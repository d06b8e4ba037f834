#include "signals.hpp"

#include <unistd.h>

#include <csignal>

namespace relay::app {
namespace {

constexpr int ending[] = {SIGINT, SIGTERM, SIGQUIT};
constexpr int others[] = {SIGHUP, SIGUSR1, SIGUSR2};
constexpr int all[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};

void mask(int how, std::span<const int> which) {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : which) sigaddset(&set, each);
  pthread_sigmask(how, &set, nullptr);
}

}  // namespace

std::span<const int> served_signals() { return all; }

void set_up_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // The first process has no default actions: a signal that asks for the end would be lost.
  if (::getpid() != 1) return;
  for (const int number : ending) std::signal(number, [](int got) { ::_exit(128 + got); });
}

void hold_signals() { mask(SIG_BLOCK, others); }

void release_signals() { mask(SIG_UNBLOCK, others); }

void ignore_late_signals() { mask(SIG_BLOCK, all); }

}  // namespace relay::app
