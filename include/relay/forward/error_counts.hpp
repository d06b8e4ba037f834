#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace relay::forward {

/// How often which step of an endpoint has failed, and why. Usable from every worker; takes a lock,
/// which only errors pay for.
class error_counts {
 public:
  /// Some reasons quote what a peer has sent. No peer may make relay remember without end, so
  /// further kinds are counted as one, `other`.
  static constexpr std::size_t most_kinds = 32;

  struct kind {
    std::string name;  ///< step and reason, `connecting/connection_refused`
    std::uint64_t times = 0;
    friend bool operator==(const kind&, const kind&) = default;
  };

  void add(std::string_view step, std::string_view reason);
  /// The most frequent first.
  std::vector<kind> all() const;

 private:
  using reasons = std::map<std::string, std::uint64_t, std::less<>>;

  mutable std::mutex mutex_;  // of what follows
  std::map<std::string, reasons, std::less<>> steps_;
  std::size_t kinds_ = 0;
  std::uint64_t others_ = 0;
};

/// A word for lines of `key=value`: only letters, digits and single underscores.
std::string as_word(std::string_view text);

}  // namespace relay::forward
