#pragma once

#include <relay/document/vocabulary.hpp>

#include <vector>

namespace relay::config {

using document::known_key;

/// All keys that the reader of files knows, in the order of the document. The tables are `log`,
/// `dns`, `process`, `network` and `endpoints`. Documents and hints are checked against this list.
std::vector<known_key> known_keys();

}  // namespace relay::config
