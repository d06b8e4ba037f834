#include <relay/balance/rendezvous.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace relay::balance {
namespace {

using names = std::vector<std::string>;
using weights = std::vector<std::uint32_t>;

ip_address v4(std::uint32_t number) {
  return ip_address::v4(std::array<std::uint8_t, 4>{
      static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
      static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)});
}

std::size_t best(const rendezvous& of, const ip_address& client, std::size_t count) {
  return *of.best(client, std::vector<bool>(count, true));
}

/// The sum of (seen - due)² / due over all remotes, for `clients` keys.
double chi_square(const names& remotes, const weights& shares, std::uint32_t first,
                  std::uint32_t clients) {
  const rendezvous made(remotes, shares);
  std::vector<double> seen(remotes.size());
  for (std::uint32_t i = 0; i < clients; ++i) ++seen[best(made, v4(first + i), remotes.size())];
  double total = 0;
  for (const auto each : shares) total += each;
  double sum = 0;
  for (std::size_t k = 0; k < remotes.size(); ++k) {
    const double due = clients * shares[k] / total;
    sum += due > 0 ? (seen[k] - due) * (seen[k] - due) / due : seen[k] * 1000;
  }
  return sum;
}

// With 2 to 4 degrees of freedom a fair hash stays below 25 in all but one of 20,000 cases; a
// share that is wrong by a hundredth of the clients is far above it.
TEST(Rendezvous, SharesAreAsTheWeights) {
  const names three{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"};
  for (const std::uint32_t first : {0x0a000000U, 0xc0a80100U, 0x01020304U}) {  // neighbours, too
    EXPECT_LT(chi_square(three, {1, 1, 1}, first, 20'000), 25);
    EXPECT_LT(chi_square(three, {5, 1, 1}, first, 20'000), 25);
    EXPECT_LT(chi_square(three, {255, 128, 1}, first, 20'000), 25);
    EXPECT_LT(chi_square(three, {1, 0, 3}, first, 20'000), 25);
    EXPECT_LT(chi_square({"a:1", "b:1", "c:1", "d:1", "e:1"}, {1, 2, 3, 4, 5}, first, 20'000), 25);
  }
}

TEST(Rendezvous, TheClientsOfASmallNetworkAreSpread) {
  EXPECT_LT(chi_square({"a:1", "b:1"}, {1, 1}, 0xc0a80000, 256), 25);
  EXPECT_LT(chi_square({"10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:82"}, {1, 1, 1}, 0xc0a80000, 256),
            25);
}

// What a machine answered once must be what every machine answers after every restart.
TEST(Rendezvous, IsTheSameForEver) {
  const rendezvous made(names{"10.0.0.1:80", "10.0.0.2:80", "example.com:443"}, weights{2, 1, 1});
  std::string seen;
  for (std::uint32_t i = 0; i < 24; ++i) seen += std::to_string(best(made, v4(0x0a010203 + i), 3));
  for (const auto* text : {"::1", "2001:db8::1", "2001:db8::2", "fe80::1"}) {
    seen += std::to_string(best(made, *ip_address::parse(text), 3));
  }
  EXPECT_EQ(seen, "0101221000021002202102210101");
}

TEST(Rendezvous, AMappedClientCountsByItsSixteenBytes) {
  const rendezvous made(names{"a:1", "b:1"}, weights{1, 1});
  int differ = 0;
  for (int i = 0; i < 200; ++i) {
    const auto text = "10.0.0." + std::to_string(i);
    const auto plain = best(made, *ip_address::parse(text), 2);
    differ += plain != best(made, *ip_address::parse("::ffff:" + text), 2);
  }
  EXPECT_GT(differ, 60);
  EXPECT_LT(differ, 140);
}

TEST(Rendezvous, AScopeIsNoPartOfTheAddress) {
  const rendezvous made(names{"a:1", "b:1", "c:1"}, weights{1, 1, 1});
  for (int i = 1; i < 50; ++i) {
    const auto text = "fe80::" + std::to_string(i);
    EXPECT_EQ(best(made, *ip_address::parse(text), 3),
              best(made, *ip_address::parse(text + "%2"), 3));
  }
}

TEST(Rendezvous, RemovingARemoteMovesOnlyItsClients) {
  const names before{"a:1", "b:1", "c:1", "b:1", "d:2"};
  const weights shares{3, 1, 2, 1, 1};
  const rendezvous all(before, shares);
  for (std::size_t gone = 0; gone < before.size(); ++gone) {
    if (gone == 1) continue;  // then the second b:1 would become the first
    auto left = before;
    auto left_shares = shares;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone));
    left_shares.erase(left_shares.begin() + static_cast<std::ptrdiff_t>(gone));
    const rendezvous fewer(left, left_shares);
    for (std::uint32_t i = 0; i < 5000; ++i) {
      const auto was = best(all, v4(i * 2654435761U), before.size());
      const auto is = best(fewer, v4(i * 2654435761U), left.size());
      if (was == gone) continue;
      EXPECT_EQ(is, was > gone ? was - 1 : was) << i;
    }
  }
}

TEST(Rendezvous, AClosedRemoteIsAsOneThatIsNotThere) {
  const rendezvous all(names{"a:1", "b:1", "c:1"}, weights{1, 2, 3});
  const rendezvous two(names{"a:1", "c:1"}, weights{1, 3});
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto open = *all.best(v4(i), {true, false, true});
    EXPECT_EQ(open == 0 ? 0U : 1U, best(two, v4(i), 2));
  }
}

TEST(Rendezvous, OrderInTheListDoesNotMatter) {
  const rendezvous one(names{"a:1", "b:1", "c:1"}, weights{1, 2, 3});
  const rendezvous other(names{"c:1", "a:1", "b:1"}, weights{3, 1, 2});
  for (std::uint32_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(best(other, v4(i), 3), (best(one, v4(i), 3) + 1) % 3);
  }
}

TEST(Rendezvous, EqualRemotesShare) {
  EXPECT_LT(chi_square({"a:1", "a:1", "a:1"}, {1, 1, 1}, 0x0a000000, 30'000), 25);
}

TEST(Rendezvous, MoreWeightTakesClientsButGivesNoneAway) {
  const rendezvous before(names{"a:1", "b:1", "c:1"}, weights{1, 1, 1});
  const rendezvous after(names{"a:1", "b:1", "c:1"}, weights{2, 1, 1});
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto was = best(before, v4(i), 3);
    const auto is = best(after, v4(i), 3);
    EXPECT_TRUE(is == was || is == 0);
  }
}

TEST(Rendezvous, HasNothingWhenNobodyIsOpen) {
  const rendezvous made(names{"a:1", "b:1"}, weights{1, 0});
  EXPECT_EQ(made.best(v4(1), {false, true}), std::nullopt);
  EXPECT_EQ(made.best(v4(1), {true, true}), 0U);
}

std::string network_of(const char* client, std::uint8_t bits4, std::uint8_t bits6) {
  return client_network(*ip_address::parse(client), {bits4, bits6}).to_string();
}

TEST(ClientNetwork, KeepsTheFirstBits) {
  EXPECT_EQ(network_of("198.51.100.77", 32, 128), "198.51.100.77");
  EXPECT_EQ(network_of("198.51.100.77", 24, 64), "198.51.100.0");
  EXPECT_EQ(network_of("198.51.103.77", 22, 64), "198.51.100.0");
  EXPECT_EQ(network_of("198.51.100.77", 1, 64), "128.0.0.0");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6", 24, 64), "2001:db8:1:2::");
  EXPECT_EQ(network_of("2001:db8:1:2ff:3:4:5:6", 24, 57), "2001:db8:1:280::");
  EXPECT_EQ(network_of("2001:db8::6", 24, 128), "2001:db8::6");
}

TEST(ClientNetwork, TakesAMappedAddressForIpv4AndLeavesOutTheZone) {
  EXPECT_EQ(network_of("::ffff:198.51.100.77", 24, 64), "198.51.100.0");
  EXPECT_EQ(network_of("::ffff:198.51.100.77", 32, 64), "198.51.100.77");
  EXPECT_EQ(network_of("::ffff:198.51.100.77", 32, 128), "::ffff:198.51.100.77") << "as realm";
  EXPECT_EQ(network_of("fe80::1%3", 24, 128), "fe80::1");
}

TEST(Rendezvous, ClientsOfOneNetworkGoToOneRemote) {
  const names three{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"};
  const rendezvous by_network(three, weights{1, 1, 1}, {24, 64});
  const rendezvous by_address(three, weights{1, 1, 1});
  std::vector<int> networks(3);
  std::vector<int> addresses(3);
  for (std::uint32_t i = 0; i < 256; ++i) {
    ++networks[best(by_network, v4(0xc6336400U + i), 3)];
    ++addresses[best(by_address, v4(0xc6336400U + i), 3)];
  }
  EXPECT_EQ(std::ranges::count(networks, 256), 1);
  EXPECT_EQ(std::ranges::count(addresses, 0), 0);
  const auto mapped = *ip_address::parse("::ffff:198.51.100.1");
  EXPECT_EQ(best(by_network, mapped, 3), best(by_network, v4(0xc6336401U), 3));
}

}  // namespace
}  // namespace relay::balance
