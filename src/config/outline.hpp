#pragma once

#include "engine.hpp"

#include <relay/config/load.hpp>
#include <relay/document/print.hpp>

namespace relay::config {

/// Settings as the tables of a file.
struct outline {
  printed_table log;
  printed_table dns;
  printed_table process;
  printed_table control;
  printed_table network;
  struct rule {
    printed_table keys;
    printed_table network;
  };
  std::vector<rule> endpoints;
};

/// All keys, or those that are not at their default. Of the latter, what several endpoints have in
/// common stands in the global `network` once.
outline outline_of(const settings& what, extent how);

}  // namespace relay::config
