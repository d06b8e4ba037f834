#pragma once

#include "fields.hpp"

namespace relay::config {

/// One text, read but not merged.
struct document {
  log_patch log;
  dns_patch dns;
  process_patch process;
  network_patch network;
  std::vector<endpoint_patch> endpoints;
  bool has_endpoints = false;
  bool legacy = false;
  origin where;
};

/// Reads a text in any of the formats. Problems go to `found`; what could be read is returned.
document read_document(const std::shared_ptr<const source>& from, findings& found);

/// The endpoint in a table of `listen`, `remote` and so on.
endpoint_patch read_endpoint(const node& table, const std::shared_ptr<const source>& from,
                             findings& found);

/// Whether a JSON text has the schema of realm 1.x, and its endpoints (spec 2.6).
bool is_legacy(const node& root);
std::vector<endpoint_patch> read_legacy(const node& root, const std::shared_ptr<const source>& from,
                                        findings& found);

}  // namespace relay::config
