#pragma once

#include <relay/balance/plan.hpp>
#include <relay/base/ip.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace relay::balance {

/// A client as it is ranked: the first bits of its address, the others zero and no zone. Where not
/// all bits count, an IPv4 address that was written as IPv6 (::ffff:192.0.2.1), as a listener of
/// both families sees it, is IPv4: otherwise all of them would be one network.
ip_address client_network(const ip_address& client, const balance::client_prefix& bits);

/// Weighted rendezvous hashing: each client ranks the remotes in an order of its own, and the first
/// of them that is open is its remote. The shares are as the weights; a remote that goes leaves its
/// clients to the next in their order and moves nobody else. The same everywhere and after every
/// restart: integers only, and a remote is known by its text, not by its place in the list.
class rendezvous {
 public:
  /// Equal names are told apart by their order. `of_client`: what of its address makes a client.
  rendezvous(std::span<const std::string> names, std::span<const std::uint32_t> weights,
             const balance::client_prefix& of_client = {});

  /// The open one that this client ranks first; nothing when nobody with a weight is open.
  std::optional<std::size_t> best(const ip_address& client, const std::vector<bool>& open) const;

 private:
  struct entry {
    std::uint64_t identity;
    std::uint64_t weight;
  };
  std::vector<entry> entries_;
  balance::client_prefix of_client_;
};

}  // namespace relay::balance
