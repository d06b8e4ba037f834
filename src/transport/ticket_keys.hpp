#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

struct ssl_ctx_st;

namespace relay::transport {

/// What seals session tickets: whoever has it can read the TLS 1.2 sessions of its time, so it does
/// not live for long. Wiped at its end.
struct ticket_key {
  std::array<unsigned char, 16> name{};  ///< stands in front of the ticket
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};

  ticket_key() = default;
  ticket_key(const ticket_key&) = default;
  ticket_key& operator=(const ticket_key&) = default;
  ~ticket_key();
};

/// The keys of a context, for all workers: the newest seals, the one before it still opens what it
/// has sealed. Time is an argument.
class ticket_keys {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Fills a key with noise; false when there is none.
  using source = std::function<bool(ticket_key&)>;
  struct found {
    ticket_key key;
    bool is_newest = false;
  };

  /// How long a ticket can be used.
  static constexpr std::chrono::hours lifetime{2};
  /// How long a key seals; it opens for `lifetime` longer.
  static constexpr std::chrono::hours period{4};

  explicit ticket_keys(source from) : make_(std::move(from)) {}

  /// To seal with; nothing when there is no noise.
  std::optional<ticket_key> newest(time_point now);
  /// To open with; nothing when the key is gone, or never was ours.
  std::optional<found> find(std::span<const unsigned char, 16> name, time_point now);

 private:
  void forget_old(time_point now);

  source make_;
  std::mutex mutex_;
  std::optional<ticket_key> newest_;
  std::optional<ticket_key> previous_;
  time_point since_{};  // when the newest was made
};

/// Tickets of this context are sealed with keys of its own, which are replaced as above. A sentence
/// when OpenSSL refuses.
std::string set_ticket_keys(ssl_ctx_st* to);

}  // namespace relay::transport
