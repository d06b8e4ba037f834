#pragma once

#include <relay/base/error.hpp>
#include <relay/names/addresses.hpp>
#include <relay/names/hosts_file.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::names {

/// What a finished lookup came to.
struct dns_outcome {
  std::vector<ip_address> found;  ///< in the order to be tried; empty: `ec` says why
  error_code ec;
  /// How long it holds. Nothing: it is not for keeping (a failure, or negative without a SOA).
  std::optional<std::chrono::seconds> ttl;
  bool partial = false;  ///< one of the two families gave no answer

  friend bool operator==(const dns_outcome&, const dns_outcome&) = default;
};

/// Answers by name, the least recently used going first: what may be believed how long, and what
/// to do while a name cannot be looked up. Pure policy: time is an argument, the caller locks.
class dns_cache {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  struct limits {
    std::size_t capacity = 1024;  ///< names; 0: nothing is kept
    std::chrono::seconds min_ttl{0};
    std::chrono::seconds max_ttl{86400};
    std::chrono::seconds max_negative_ttl{86400};
    std::chrono::seconds renew_partial{30};  ///< an answer that lacks a family is renewed so soon
    std::chrono::seconds renew_from{10};     ///< who holds so long is renewed in its last tenth
    std::chrono::seconds stale_for{3600};    ///< an expired answer may still serve
    std::chrono::milliseconds failure_for{1000};  ///< a failure is remembered
    std::chrono::milliseconds retry_after{5000};  ///< next lookup after one that failed
    std::chrono::milliseconds anew_after{1000};   ///< an answer younger than this is not doubted
    std::size_t max_addresses = 64;               ///< of one name
  };

  enum class state {
    missing,   ///< look it up
    fresh,     ///< `answer` holds
    renewing,  ///< serve `answer` and look it up: it will expire, or has and nobody answered
    expired,   ///< look it up; `answer` serves when that fails or is slow
    stale,     ///< `answer` has expired, but a lookup is under way or has just failed: serve it
  };
  struct verdict {
    state what = state::missing;
    std::optional<result<addresses>> answer;
  };

  struct stored {
    result<addresses> answer;   ///< for those who wait: the new one, or the expired one
    bool stale_begins = false;  ///< the first expired answer of this episode: log it
  };

  explicit dns_cache(const limits& bounds) : limits_(bounds) {}

  /// `name` in lower case.
  verdict find(std::string_view name, time_point now);
  /// The same for a caller who has tried the answer in vain: what was found out a second ago and
  /// more is looked up past its TTL, and serves when that fails or is slow.
  verdict find_anew(std::string_view name, time_point now);
  /// A lookup has ended.
  stored store(std::string_view name, dns_outcome outcome, time_point now);
  /// A lookup takes so long that the old answer is served; true when that has expired and is the
  /// first of this episode.
  bool slow(std::string_view name, time_point now);
  /// A lookup was given up without an outcome (its worker has ended).
  void abandon(std::string_view name);

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::string name;
    result<addresses> answer;
    time_point expires;
    time_point renew_at;   // when a lookup is due, if somebody asks
    time_point asked;      // when the last lookup ended
    bool episode = false;  // an expired answer has been served
    bool late = false;     // the lookup under way has been found slow
  };
  using order = std::list<entry>;

  entry* known(std::string_view name);
  entry& place(std::string_view name);
  bool may_serve_stale(const entry& old, time_point now) const;
  result<addresses> take_addresses(std::vector<ip_address> found) const;
  std::chrono::seconds lifetime(const dns_outcome& outcome) const;
  std::chrono::milliseconds renew_after(const dns_outcome& outcome,
                                        std::chrono::seconds holds) const;

  limits limits_;
  order order_;  // most recently used first
  name_map<order::iterator> entries_;
};

}  // namespace relay::names
