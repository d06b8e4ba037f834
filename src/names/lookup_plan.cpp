#include <relay/names/lookup_plan.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace relay::names {

using config::dns_mode;
using kind = dns_reply::kind;

std::vector<ip_address> arrange(const std::vector<ip_address>& known, dns_mode mode) {
  const bool v6_first = mode == dns_mode::ipv6_only || mode == dns_mode::ipv6_then_ipv4;
  const bool only = mode == dns_mode::ipv4_only || mode == dns_mode::ipv6_only;
  std::vector<ip_address> made;
  std::ranges::copy_if(known, std::back_inserter(made),
                       [&](const auto& each) { return each.is_v6() == v6_first; });
  if (only || (mode != dns_mode::ipv4_and_ipv6 && !made.empty())) return made;
  std::ranges::copy_if(known, std::back_inserter(made),
                       [&](const auto& each) { return each.is_v6() != v6_first; });
  return made;
}

bool drop_null(std::vector<ip_address>& from) {
  return std::erase_if(from, [](const ip_address& each) { return each.is_null(); }) > 0;
}

lookup_plan::lookup_plan(dns_mode mode, std::vector<std::string> candidates)
    : mode_(mode), candidates_(std::move(candidates)) {
  const bool v6_first = mode == dns_mode::ipv6_only || mode == dns_mode::ipv6_then_ipv4;
  families_.push_back({v6_first ? record_type::aaaa : record_type::a});
  if (mode == dns_mode::ipv4_only || mode == dns_mode::ipv6_only) return;
  families_.push_back({v6_first ? record_type::a : record_type::aaaa});
}

bool lookup_plan::in_parallel() const noexcept { return mode_ == dns_mode::ipv4_and_ipv6; }

std::vector<lookup_plan::question> lookup_plan::next() {
  std::vector<question> made;
  if (outcome_) return made;
  for (auto& each : families_) {
    if (each.step == family::due) {
      each.step = family::asked;
      made.push_back({candidates_[candidate_], each.type});
    }
    // One after the other: the second only when the first has nothing.
    if (!in_parallel() && each.step == family::asked) break;
  }
  return made;
}

void lookup_plan::answered(record_type type, dns_reply reply) {
  if (outcome_) return;
  const auto which = std::ranges::find(families_, type, &family::type);
  if (which == families_.end() || which->step != family::asked) return;
  which->step = family::known;
  which->reply = std::move(reply);
  null_seen_ = drop_null(which->reply.addresses) || null_seen_;
  if (which->reply.what == kind::found && which->reply.addresses.empty()) {
    which->reply.what = kind::no_data;
  }
  const bool enough = which->reply.what == kind::found && !in_parallel();
  const bool all =
      std::ranges::all_of(families_, [](const family& each) { return each.step == family::known; });
  if (enough || all) conclude_candidate();
}

void lookup_plan::conclude_candidate() {
  if (!gather().empty()) {
    outcome_ = positive();
    return;
  }
  for (const auto& each : families_) note_negative(each.reply);
  // Without an answer in time the rest of the search list would not have one either.
  const bool hopeless = failure_ == errc::timed_out;
  if (!hopeless && ++candidate_ < candidates_.size()) {
    for (auto& each : families_) each = {each.type};
    return;
  }
  dns_outcome made;
  if (failure_) {
    made.ec = failure_;
  } else {
    const auto no_address = null_seen_ ? errc::null_address : errc::no_address;
    made.ec = make_error_code(name_exists_ ? no_address : errc::no_such_name);
    if (negatives_have_ttl_) made.ttl = negative_ttl_;
  }
  outcome_ = std::move(made);
}

void lookup_plan::note_negative(const dns_reply& reply) {
  if (reply.what == kind::failed) {
    if (!failure_) failure_ = reply.ec;
    return;
  }
  name_exists_ = name_exists_ || reply.what == kind::no_data;
  negatives_have_ttl_ = negatives_have_ttl_ && reply.ttl.has_value();
  if (reply.ttl) negative_ttl_ = std::min(negative_ttl_, *reply.ttl);
}

std::vector<ip_address> lookup_plan::gather() const {
  std::vector<ip_address> made;
  for (const auto& each : families_) {
    const auto& found = each.reply.addresses;
    made.insert(made.end(), found.begin(), found.end());
  }
  return made;
}

dns_outcome lookup_plan::positive() const {
  dns_outcome made;
  made.found = gather();
  auto ttl = std::chrono::seconds::max();
  for (const auto& each : families_) {
    if (each.reply.what == kind::found) ttl = std::min(ttl, each.reply.ttl.value_or(ttl));
    const bool tried = each.step != family::due;
    if (tried && each.reply.what == kind::failed) made.partial = true;
  }
  made.ttl = ttl;
  return made;
}

bool lookup_plan::could_settle() const noexcept {
  return !outcome_ && in_parallel() && std::ranges::any_of(families_, [](const family& each) {
    return each.reply.what == kind::found;
  });
}

dns_outcome lookup_plan::settle(error_code why) const {
  if (outcome_) return *outcome_;
  if (!gather().empty()) return positive();
  dns_outcome made;
  made.ec = failure_ ? failure_ : why;
  return made;
}

}  // namespace relay::names
