#pragma once

#include "tables.hpp"

namespace relay::config {

/// What one text says, not yet merged: of each table only the keys that were given count, those of
/// the endpoints' `network` too.
struct fragment {
  config::log log;
  config::dns dns;
  config::process process;
  config::control control;
  config::network network;
  std::vector<endpoint> endpoints;
  bool has_endpoints = false;
  bool is_blamed = false;  ///< they are missing because of a mistake that has been told
  bool legacy = false;
  origin where;
};

/// Reads a text in any of the formats. Problems go to `found`; what could be read is returned.
fragment read_fragment(const std::shared_ptr<const source>& from, dialect rules, findings& found);

/// The endpoint in a table of `listen`, `remote` and so on.
endpoint read_endpoint(const node& table, const std::shared_ptr<const source>& from, dialect rules,
                       findings& found);

/// Whether a JSON text has the schema of realm 1.x, and its endpoints (spec 2.6).
bool is_legacy(const node& root);
std::vector<endpoint> read_legacy(const node& root, const std::shared_ptr<const source>& from,
                                  findings& found);

/// The words that stand where keys do, in any of the tables.
const vocabulary& key_words();

}  // namespace relay::config
