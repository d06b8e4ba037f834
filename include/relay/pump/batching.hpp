#pragma once

#include <cstddef>
#include <cstdint>

namespace relay::pump {

/// Decides for one socket whether to receive its datagrams one by one or many at a time. Each is
/// the cheaper one in its place: a batch costs more to set up than one receive, and saves nothing
/// where datagrams come singly. Pure: it is told when something came, and how many.
class batching {
 public:
  bool many() const noexcept { return many_; }

  /// After a receive on the poller's `turn`: it gave `datagrams`.
  void record(std::uint32_t turn, std::size_t datagrams) noexcept {
    if (many_) {
      lonely_ = datagrams > 1 ? 0 : static_cast<std::uint8_t>(lonely_ + 1);
      if (lonely_ == give_up_after) *this = batching();
    } else {
      // Woken again on the very next turn: the datagram had not come alone.
      in_a_row_ = turn == last_turn_ + 1 ? static_cast<std::uint8_t>(in_a_row_ + 1) : 0;
      many_ = in_a_row_ == begin_after;
    }
    last_turn_ = turn;
  }

 private:
  static constexpr std::uint8_t begin_after = 2;
  static constexpr std::uint8_t give_up_after = 4;

  std::uint32_t last_turn_ = 0;
  std::uint8_t in_a_row_ = 0;
  std::uint8_t lonely_ = 0;
  bool many_ = false;
};

}  // namespace relay::pump
