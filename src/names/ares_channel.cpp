#include "ares_channel.hpp"

#include <relay/net/fault.hpp>

#include <ares.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <arpa/nameser.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <utility>

// Debian 13's c-ares calls the functions for servers and queries deprecated; Debian 12's does not
// know those that are to take their place.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace relay::names {
namespace {

using config::dns_protocol;

constexpr int no_socket = ARES_SOCKET_BAD;

error_code meaning(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return make_error_code(errc::timed_out);
    case ARES_EBADNAME:  // a label too long, an empty one: such a name cannot exist
      return make_error_code(errc::no_such_name);
    default:  // "connection refused" among them: c-ares says so after a SERVFAIL, too
      return make_error_code(errc::lookup_failed);
  }
}

int flags(dns_protocol protocol) {
  constexpr int always = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  if (protocol == dns_protocol::tcp) return always | ARES_FLAG_USEVC;
  if (protocol == dns_protocol::udp) return always | ARES_FLAG_IGNTC;
  return always;
}

// The scope of a link-local server is lost here: c-ares 1.18 has no place for it.
void set_servers(ares_channeldata* channel, const std::vector<ip_endpoint>& list) {
  std::vector<ares_addr_port_node> nodes(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto& node = nodes[i];
    const auto bytes = list[i].address.bytes();
    node.next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    node.family = list[i].address.family();
    std::memcpy(&node.addr, bytes.data(), bytes.size());
    node.udp_port = node.tcp_port = list[i].port;
  }
  ares_set_servers_ports(channel, nodes.empty() ? nullptr : nodes.data());
}

}  // namespace

// Owned by c-ares from ask() to answered(), which it calls exactly once.
struct ares_channel::question {
  question(ares_channel* by, record_type of, on_reply told)
      : owner(by), type(of), done(std::move(told)) {}

  ares_channel* owner;
  record_type type;
  on_reply done;
  dns_reply reply = dns_reply::failure(make_error_code(errc::lookup_failed));
  std::unique_ptr<question> next;  // of those that are answered
};

// A socket that c-ares opened and will close; ours is only the waiting.
struct ares_channel::socket {
  socket(asio::io_context& loop, int number) : fd(number), descriptor(loop) {
    error_code ec;
    // Should it fail, c-ares' timeout ends the question.
    (void)descriptor.assign(fd, ec);
  }
  void let_go() {
    closed = true;
    if (descriptor.is_open()) (void)descriptor.release();
  }

  int fd;
  asio::posix::stream_descriptor descriptor;
  bool want_read = false, want_write = false;
  bool reading = false, writing = false;  // a wait is under way
  bool closed = false;
};

ares_channel::ares_channel(asio::io_context& loop, const name_servers& servers,
                           ares_sockets::on_report told)
    : loop_(loop), calls_(servers.timeout, std::move(told)), timer_(loop) {
  // Everything that c-ares would otherwise look up in files and the environment is given.
  ares_options options{};
  char lookups[] = "b";
  in_addr placeholder{};
  options.flags = flags(servers.protocol);
  options.timeout = static_cast<int>(servers.timeout.count());
  options.tries = servers.tries;
  options.ndots = 1;
  options.lookups = lookups;
  options.servers = &placeholder;
  options.nservers = 1;
  options.sock_state_cb = &ares_channel::socket_changed;
  options.sock_state_cb_data = this;
  int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
              ARES_OPT_LOOKUPS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
              ARES_OPT_SOCK_STATE_CB | (servers.rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);
#ifdef ARES_OPT_QUERY_CACHE
  // Newer versions keep answers themselves, by rules of their own: here that is the resolver's
  // business, and a question is one because there is no answer in its cache.
  options.qcache_max_ttl = 0;
  given |= ARES_OPT_QUERY_CACHE;
#endif
  if (ares_init_options(&channel_, &options, given) != ARES_SUCCESS) {
    channel_ = nullptr;  // no memory: every question fails
    return;
  }
  set_servers(channel_, servers.list);
  calls_.serve(channel_);
}

ares_channel::~ares_channel() {
  alive_.reset();
  if (channel_ != nullptr) ares_destroy(channel_);
  for (const auto& [fd, each] : sockets_) each->let_go();
}

void ares_channel::ask(const std::string& name, record_type type, on_reply done) {
  auto asked = std::make_unique<question>(this, type, std::move(done));
  if (channel_ == nullptr) {
    asked->next = std::move(finished_);
    finished_ = std::move(asked);
  } else {
    ares_query(channel_, name.c_str(), ns_c_in, static_cast<int>(type), &ares_channel::answered,
               asked.release());
  }
  if (finished_) {  // refused on the spot
    asio::post(loop_, [this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) deliver();
    });
  }
  arm_timer();
}

void ares_channel::answered(void* arg, int status, int /*timeouts*/, unsigned char* bytes,
                            int length) {
  std::unique_ptr<question> asked(static_cast<question*>(arg));
  auto& self = *asked->owner;
  if (status == ARES_EDESTRUCTION || self.alive_ == nullptr) return;
  if (status == ARES_ETIMEOUT) self.calls_.given_up();
  // No exception may pass c-ares, which would be left half-way.
  net::attempted([&] { asked->reply = meaning_of(asked->type, status, bytes, length); });
  asked->next = std::move(self.finished_);
  self.finished_ = std::move(asked);
}

// The raw answer tells more than the status, the lifetime of a negative one for instance.
dns_reply ares_channel::meaning_of(record_type type, int status, const unsigned char* bytes,
                                   int length) {
  auto reply = bytes != nullptr && length > 0
                   ? read_reply({bytes, static_cast<std::size_t>(length)}, type)
                   : dns_reply::failure(meaning(status));
  if (reply.what == dns_reply::kind::failed && reply.ec == errc::no_such_name) {
    reply = {dns_reply::kind::no_such_name, {}, {}, {}};
  }
  return reply;
}

void ares_channel::socket_changed(void* self_pointer, int fd, int readable, int writable) {
  auto& self = *static_cast<ares_channel*>(self_pointer);
  auto known = self.sockets_.find(fd);
  if (readable == 0 && writable == 0) {  // about to be closed
    if (known == self.sockets_.end()) return;
    known->second->let_go();
    self.sockets_.erase(known);
    return;
  }
  // Where it cannot be waited for, c-ares' timeout ends the question.
  const bool is_watched = net::attempted([&] {
    if (known == self.sockets_.end()) {
      known = self.sockets_.emplace(fd, std::make_shared<socket>(self.loop_, fd)).first;
    }
    known->second->want_read = readable != 0;
    known->second->want_write = writable != 0;
    self.watch(known->second);
  });
  if (!is_watched) self.is_deaf_ = true;
}

void ares_channel::watch(const std::shared_ptr<socket>& each) noexcept {
  if (each->closed) return;
  const bool is_awaited = each->descriptor.is_open() && net::attempted([&] { await(each); });
  if (!is_awaited) is_deaf_ = true;
}

void ares_channel::await(const std::shared_ptr<socket>& each) {
  if (each->want_read && !each->reading) {
    each->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                [this, each](const error_code& ec) {
                                  each->reading = false;
                                  // A closed one's channel may be gone; its number may already
                                  // belong to another socket.
                                  if (ec || each->closed) return;
                                  process(each->fd, no_socket);
                                  watch(each);
                                });
    each->reading = true;  // it has not failed to begin
  }
  if (each->want_write && !each->writing) {
    each->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                                [this, each](const error_code& ec) {
                                  each->writing = false;
                                  if (ec || each->closed) return;
                                  process(no_socket, each->fd);
                                  watch(each);
                                });
    each->writing = true;
  }
}

void ares_channel::process(int readable, int writable) {
  ares_process_fd(channel_, readable, writable);
  calls_.look();
  net::attempted([this] { arm_timer(); });  // what has come is delivered in any case
  deliver();
}

void ares_channel::deliver() {
  std::unique_ptr<question> due;  // in their order
  while (finished_) {
    auto each = std::exchange(finished_, std::move(finished_->next));
    each->next = std::exchange(due, nullptr);
    due = std::move(each);
  }
  while (due) {
    const auto each = std::exchange(due, std::move(due->next));
    net::attempted([&] { each->done(std::move(each->reply)); });
  }
}

void ares_channel::arm_timer() {
  if (channel_ == nullptr) return;
  timeval until{};
  if (ares_timeout(channel_, nullptr, &until) == nullptr) {
    timer_.cancel();
    return;
  }
  // One millisecond more: c-ares must find the time over when it is called.
  timer_.expires_after(std::chrono::seconds(until.tv_sec) +
                       std::chrono::microseconds(until.tv_usec) + std::chrono::milliseconds(1));
  auto expired = [this, alive = std::weak_ptr(alive_)](const error_code& ec) {
    if (!ec && !alive.expired()) process(no_socket, no_socket);
  };
  timer_.async_wait(std::move(expired));
}

}  // namespace relay::names
