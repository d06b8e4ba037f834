#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace relay {

/// Lines that wait to be written, in order, in a fixed number of bytes. A line that does not fit is
/// lost and counted, and the count stands at its place among the others. No lock and no clock.
///
/// Once a line was lost, none is taken until half of the room is free: a reader that is merely too
/// slow is told once about many lines, not once about each.
class log_ring {
 public:
  explicit log_ring(std::size_t bytes);

  /// False: the line is lost. An empty line is none.
  bool put(std::string_view line);

  /// Something is to be told: a line, or how many are missing.
  bool has_news() const noexcept { return used_ != 0 || lost_ != 0; }
  /// How many lines are missing before the oldest one; counted once.
  std::uint64_t take_lost();
  /// The oldest line, which stays where it is until pop(), whatever is put meanwhile; empty: none.
  std::string_view front() const;
  void pop();

 private:
  struct head {
    std::uint32_t size;  ///< of the text that follows; `to_the_start`: nothing follows
    std::uint32_t lost;  ///< lines before this one
  };
  static constexpr std::uint32_t to_the_start = ~std::uint32_t{0};

  head head_at(std::size_t place) const noexcept;
  void write_head(std::size_t place, head what) noexcept;
  static std::size_t space_of(std::size_t text) noexcept;

  std::size_t capacity_;
  std::unique_ptr<char[]> bytes_;
  std::size_t first_ = 0;   ///< place of the oldest line
  std::size_t next_ = 0;    ///< place of the next line
  std::size_t used_ = 0;    ///< bytes between them
  std::uint64_t lost_ = 0;  ///< behind the youngest line
  bool losing_ = false;
};

}  // namespace relay
