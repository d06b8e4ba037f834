#pragma once

#include <optional>
#include <string>
#include <utility>

namespace relay {

/// What came out of a text that an operator wrote: a value, or a sentence that says what is wrong
/// with it and what would be right.
template <class T>
struct parsed {
  std::optional<T> value;
  std::string wrong;  ///< empty exactly when there is a value

  static parsed good(T from) { return {std::move(from), {}}; }
  static parsed bad(std::string sentence) { return {std::nullopt, std::move(sentence)}; }

  explicit operator bool() const noexcept { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};

}  // namespace relay
