#pragma once

#include "ares_sockets.hpp"

#include <relay/names/dns_message.hpp>
#include <relay/names/server_book.hpp>
#include <relay/net/asio.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct ares_channeldata;

namespace relay::names {

/// One worker's c-ares: asks name servers, and that is all it does (no search list, no hosts file,
/// no files read). Lives, is used and ends on its worker; questions unanswered by then are dropped
/// without a word.
class ares_channel {
 public:
  using on_reply = std::function<void(dns_reply)>;

  /// `told` hears of every answer of a server, and of every failure; it may not ask.
  ares_channel(asio::io_context& loop, const name_servers& servers, ares_sockets::on_report told);
  ~ares_channel();
  ares_channel(const ares_channel&) = delete;
  ares_channel& operator=(const ares_channel&) = delete;

  /// `done` is called from the loop, never from in here; it may ask again, but not end the channel.
  void ask(const std::string& name, record_type type, on_reply done);
  /// It could not wait for one of its sockets: what is asked here may never be answered.
  bool is_deaf() const noexcept { return is_deaf_; }

 private:
  struct question;
  struct socket;

  static void socket_changed(void* self, int fd, int readable, int writable);
  static void answered(void* arg, int status, int timeouts, unsigned char* bytes, int length);

  static dns_reply meaning_of(record_type type, int status, const unsigned char* bytes, int length);

  void watch(const std::shared_ptr<socket>& each) noexcept;
  void await(const std::shared_ptr<socket>& each);
  void process(int readable, int writable);
  void deliver();
  void arm_timer();

  asio::io_context& loop_;
  ares_sockets calls_;
  ares_channeldata* channel_ = nullptr;
  std::unordered_map<int, std::shared_ptr<socket>> sockets_;
  // The newest first; told once c-ares is off the stack: it is not reentrant. A chain, since it
  // must not need memory there.
  std::unique_ptr<question> finished_;
  asio::steady_timer timer_;
  bool is_deaf_ = false;
  std::shared_ptr<const bool> alive_ =
      std::make_shared<const bool>(true);  // for handlers on their way
};

}  // namespace relay::names
