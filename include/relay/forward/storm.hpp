#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace relay::forward {

/// Recognises a storm of equal errors, by what happened and not by its text: the first is written
/// at once, then one line per `window` says how many there were. Pure: time is an argument.
class storm {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds window{10};

  struct key {
    bool warning = false;  ///< otherwise an error
    std::string endpoint;  ///< as the log names it
    std::string phase;     ///< "connecting", "resolving"
    std::string error;
    bool datagrams = false;  ///< otherwise connections
    friend auto operator<=>(const key&, const key&) = default;
  };
  struct summary {
    key what;
    std::uint64_t times = 0;      ///< since its last line
    std::chrono::seconds during;  ///< how long that is, rounded up
  };

  /// Whether this one is to be written.
  bool record(const key& what, clock::time_point now);
  /// What was held back for a whole window. Keys that were quiet for one are forgotten.
  std::vector<summary> due(clock::time_point now);
  /// What is held back now, due or not: the last chance to say it.
  std::vector<summary> rest(clock::time_point now);
  bool empty() const noexcept { return running_.empty(); }

 private:
  struct state {
    clock::time_point since;
    std::uint64_t held_back = 0;
  };
  std::vector<summary> older_than(clock::duration age, clock::time_point now);

  std::map<key, state> running_;
};

}  // namespace relay::forward
