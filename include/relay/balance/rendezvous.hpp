#pragma once

#include <relay/base/ip.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace relay::balance {

/// Weighted rendezvous hashing: each client ranks the remotes in an order of its own, and the first
/// of them that is open is its remote. The shares are as the weights; a remote that goes leaves its
/// clients to the next in their order and moves nobody else. The same everywhere and after every
/// restart: integers only, and a remote is known by its text, not by its place in the list.
class rendezvous {
 public:
  /// Equal names are told apart by their order.
  rendezvous(std::span<const std::string> names, std::span<const std::uint32_t> weights);

  /// The open one that this client ranks first; nothing when nobody with a weight is open.
  std::optional<std::size_t> best(const ip_address& client, const std::vector<bool>& open) const;

 private:
  struct entry {
    std::uint64_t identity;
    std::uint64_t weight;
  };
  std::vector<entry> entries_;
};

}  // namespace relay::balance
