#pragma once

#include <string_view>
#include <vector>

namespace relay::config {

/// A key that the reader of files knows. Documents and hints are checked against this list.
struct known_key {
  std::string_view table;  ///< `log`, `dns`, `process`, `network`, `endpoints`; empty: top level
  std::string_view name;
  std::string_view alias_of;  ///< the key this is another name of; empty: none
};

/// All of them, in the order of the document.
std::vector<known_key> known_keys();

}  // namespace relay::config
