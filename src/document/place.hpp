#pragma once

#include <relay/document/origin.hpp>

namespace relay::document {

/// A byte of a text, as an editor counts; both from 1. Columns are bytes.
struct line_column {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// Takes as long as it takes to read the text up to there: once for each problem that is shown.
line_column locate(const source& in, std::size_t offset);

/// As `origin::to_string`, of an origin with a text whose place is known.
std::string to_string(const origin& what, const line_column& at);

}  // namespace relay::document
