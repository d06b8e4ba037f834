#pragma once

#include <relay/config/config.hpp>
#include <relay/names/dns_cache.hpp>
#include <relay/names/dns_message.hpp>

#include <optional>
#include <string>
#include <vector>

namespace relay::names {

/// The addresses that `mode` wants, in its order (for answers that need no questions).
std::vector<ip_address> arrange(const std::vector<ip_address>& known, config::dns_mode mode);

/// Leaves out what means "no address": 0.0.0.0 and ::, also mapped. A connect to one of them would
/// reach this machine, while block lists use them for names that are to lead nowhere. Returns
/// whether there was any.
bool drop_null(std::vector<ip_address>& from);

/// Which questions make up one lookup, and what the answers come to. Pure: somebody else asks.
/// The candidates of the search list are tried in order, both families of one candidate before
/// the next, so that the addresses of a name never come from two domains.
class lookup_plan {
 public:
  lookup_plan(config::dns_mode mode, std::vector<std::string> candidates);

  struct question {
    std::string name;
    record_type type;
    friend bool operator==(const question&, const question&) = default;
  };

  /// What to ask now, each question once; empty while answers are awaited or all is settled.
  std::vector<question> next();
  void answered(record_type type, dns_reply reply);

  /// Set when no further answer is needed.
  const std::optional<dns_outcome>& outcome() const noexcept { return outcome_; }
  /// One family has answered with addresses, the other is still awaited: it gets a grace only.
  bool could_settle() const noexcept;
  /// No more waiting: what is there, or `why`.
  dns_outcome settle(error_code why) const;

 private:
  struct family {
    record_type type;
    enum { due, asked, known } step = due;
    dns_reply reply = {};
  };

  bool in_parallel() const noexcept;
  void conclude_candidate();
  void note_negative(const dns_reply& reply);
  std::vector<ip_address> gather() const;
  dns_outcome positive() const;

  config::dns_mode mode_;
  std::vector<std::string> candidates_;
  std::size_t candidate_ = 0;
  std::vector<family> families_;  // in the order of the answer
  std::optional<dns_outcome> outcome_;

  // Over all candidates so far:
  error_code failure_;  // the first one; a failure leaves open whether the name exists
  bool name_exists_ = false;
  bool null_seen_ = false;  // an answer of 0.0.0.0 or ::
  bool negatives_have_ttl_ = true;
  std::chrono::seconds negative_ttl_ = std::chrono::seconds::max();
};

}  // namespace relay::names
