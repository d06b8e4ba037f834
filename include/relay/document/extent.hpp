#pragma once

namespace relay::document {

/// How much of a document is written.
enum class extent {
  all,     ///< every key
  needed,  ///< what is not at its default
};

}  // namespace relay::document
