// The load generator of the benchmark: both ends of the connections that a program relays.
//   relay_generator WORK --to HOST:PORT --listen HOST:PORT [--name value …] [-- COMMAND …]
// It prints one line of JSON when it is done. bench/README.md lists the works and their options.

#include "sockets.hpp"
#include "works.hpp"

#include <signal.h>

#include <cstdio>
#include <exception>
#include <map>

namespace {

using namespace relay::bench;

const std::map<std::string, int (*)(options&)> works = {
    {"stream", stream_work},
    {"exchange", exchange_work},
    {"connect", connect_work},
    {"paced", paced_work},
    {"idle", idle_work},
    {"verify", verify_work},
    {"datagrams", datagram_work},
    {"datagram-exchange", datagram_exchange_work},
    {"datagram-idle", datagram_idle_work},
    {"start", start_work},
    {"delay", delay_work},
};

int run(int count, char** words) {
  options given(count, words);
  const auto work = works.find(given.work());
  if (work == works.end()) {
    std::string names;
    for (const auto& [name, function] : works) names += " " + name;
    throw usage_error("no work of the name " + given.work() + "; there are:" + names);
  }
  raise_descriptor_limit();
  return work->second(given);
}

}  // namespace

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return run(count, words);
  } catch (const relay::bench::usage_error& error) {
    std::fprintf(stderr, "relay_generator: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "relay_generator: %s\n", error.what());
    return 1;
  }
}
