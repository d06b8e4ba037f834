#pragma once

#include "sockets.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace relay::bench {

struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the command line asks for: one work, then `--name value` pairs, then what follows `--`.
/// Every getter marks its option as known, so that check() can object to the others.
class options {
 public:
  options(int count, char** words);

  const std::string& work() const noexcept { return work_; }
  const std::vector<std::string>& command() const noexcept { return command_; }

  std::string text(const std::string& name, const std::string& fallback = {});
  std::uint64_t number(const std::string& name, std::uint64_t fallback);
  double seconds(const std::string& name, double fallback);
  address where(const std::string& name);
  void check() const;  ///< throws usage_error for an option that nobody asked for

 private:
  std::string work_;
  std::map<std::string, std::string> given_;
  std::map<std::string, bool> known_;
  std::vector<std::string> command_;
};

}  // namespace relay::bench
