#include "commands.hpp"
#include "demo_http.hpp"
#include "open_log.hpp"

#include <relay/base/ip.hpp>
#include <relay/base/log.hpp>
#include <relay/base/unique_fd.hpp>

#include <ostream>

namespace relay::app {
namespace {

constexpr std::uint16_t usual_port = 5000;

/// `wanted`, if it can be bound on the loopback address now, else one that can; 0: none. Somebody
/// may take it before the listener does; then serve() says so.
std::uint16_t free_port(std::uint16_t wanted) {
  for (const auto port : {wanted, std::uint16_t{0}}) {
    const unique_fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socket_address at(ip_endpoint{*ip_address::parse("127.0.0.1"), port});
    if (::bind(probe.get(), at.data(), at.length) != 0) continue;
    if (::listen(probe.get(), 1) != 0) continue;
    if (::getsockname(probe.get(), at.data(), &at.length) == 0) return at.endpoint().port;
  }
  return 0;
}

}  // namespace

int demo(const invocation& given, const environment& with) {
  const auto port = free_port(usual_port);
  if (port == 0) {
    with.err << "error: no free port on 127.0.0.1\n";
    return exit_unavailable;
  }
  const demo_http web;
  config::command_line_endpoint words;
  words.listen = "127.0.0.1:" + std::to_string(port);
  words.remote = "127.0.0.1:" + std::to_string(web.port());
  auto what = config::load_command_line({words}, given.forced).value;
  what.process.shutdown_timeout = std::chrono::seconds(1);  // Ctrl-C means now
  auto log = open_log(what);

  serve_options options;
  options.ready = [&] {
    with.out << "relaying " << words.listen << " -> " << words.remote
             << "; try, in another terminal:\n"
             << "  curl http://" << words.listen << "/\n"
             << "  curl -o /dev/null http://" << words.listen
             << "/bytes/1000000000    (Ctrl-C here ends it)\n"
             << std::flush;
  };
  return with.serve(what, log, options);
}

}  // namespace relay::app
