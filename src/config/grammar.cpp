#include "assemble.hpp"

#include <relay/balance/plan.hpp>
#include <relay/base/words.hpp>

#include <array>

namespace relay::config {

namespace {

/// `round-robin`, `Round_Robin` and `ip hash` are what other programs call them.
std::string advice_on_strategy(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, 64)) {
    if (c != '-' && c != '_' && c != ' ')
      plain += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  }
  constexpr std::array<std::string_view, 3> known{"off", "roundrobin", "iphash"};
  const auto nearest = nearest_word(plain, known);
  const std::string all = "it takes off, roundrobin or iphash, as in \"roundrobin: 4, 2\"";
  return nearest.empty() ? all : "did you mean `" + std::string(nearest) + "`? " + all;
}

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + ' ' + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace

void check_balance(const endpoint& what, findings& found) {
  if (!what.keys.has("balance") && what.balance.text().empty()) return;
  const auto where = place_of(what, "balance");
  const auto& read = *what.balance;
  if (!read.is_known) {
    found.error(where, "`balance`: unknown strategy `" + std::string(read.name) + '`',
                advice_on_strategy(read.name));
    return;
  }
  if (!read.has_colon) {
    found.error(where, "`balance`: the colon after the strategy is missing",
                "write \"" + std::string(read.name) + ":\" and the weights");
    return;
  }
  if (read.by == balance::strategy::off) return;
  for (const auto part : read.dropped) {
    found.warning(where, "`balance`: `" + std::string(part) + "` is no weight and is left out",
                  "a weight is a number from 0 to 255; those behind it move up one remote");
  }
  if (found.is_doubtful("extra_remotes")) return;  // their number is not known
  const auto weights = read.weights.size();
  const auto remotes = 1 + what.extra_remotes.size();
  const auto count = counted(weights, "weight") + " for " + counted(remotes, "remote");
  if (weights > remotes) {
    found.warning(where, "`balance`: " + count, "the surplus weights have no effect");
  } else if (weights < remotes) {
    found.warning(where, "`balance`: " + count, "the remotes without a weight are never chosen");
  }
}

void check_transports(const endpoint& what, findings& found) {
  const auto tell = [&](std::string_view key, std::string_view text,
                        const std::vector<transport_problem>& problems) {
    const auto where = problems.empty() ? origin() : place_of(what, key);
    for (const auto& each : problems) {
      found.add(each.is_error ? problem::level::error : problem::level::warning,
                place_within(where, text, each.at), '`' + std::string(key) + "`: " + each.message,
                each.hint);
    }
  };
  tell("listen_transport", what.listen_transport.text(), what.listen_transport->problems);
  tell("remote_transport", what.remote_transport.text(), what.remote_transport->problems);
}

}  // namespace relay::config
