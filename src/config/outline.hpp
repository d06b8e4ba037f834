#pragma once

#include <relay/config/load.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Settings as the keys and values that a file would have, before it is decided how they are laid
/// out: TOML and JSON write the same ones.
namespace relay::config {

struct outline_key {
  std::string_view name;
  std::string value;       ///< TOML and JSON spell all values that we have alike
  bool is_remark = false;  ///< in force, but must not be given
};
using outline_table = std::vector<outline_key>;

struct outline {
  outline_table log;
  outline_table dns;
  outline_table process;
  outline_table network;
  struct rule {
    outline_table keys;
    outline_table network;
  };
  std::vector<rule> endpoints;
};

/// All keys, or those that are not at their default. Of the latter, what several endpoints have in
/// common stands in the global `network` once.
outline outline_of(const settings& what, extent how);

}  // namespace relay::config
