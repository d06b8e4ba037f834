#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace relay::config {

/// A value with a grammar of its own: the text as it was written, which is printed and compared,
/// and what `read` made of it, once. A reading may refer to its text, for copies share both.
template <class Reading, Reading (*read)(std::string_view)>
class written {
 public:
  /// The empty text.
  written() : both_(nothing()) {}
  /// Implicit, as a value of a configuration is its text.
  template <std::convertible_to<std::string> Text>
  written(Text&& text) : written(std::string(std::forward<Text>(text)), read) {}
  /// `by` reads the text in another way.
  template <class Read>
  written(std::string text, Read by)
      : both_(std::make_shared<const both>(std::move(text), std::move(by))) {}

  const std::string& text() const noexcept { return both_->text; }
  const Reading& operator*() const noexcept { return both_->reading; }
  const Reading* operator->() const noexcept { return &both_->reading; }

  friend bool operator==(const written& a, const written& b) noexcept {
    return a.text() == b.text();
  }

 private:
  struct both {
    template <class Read>
    both(std::string from, Read by) : text(std::move(from)), reading(by(std::string_view(text))) {}
    const std::string text;
    const Reading reading;
  };
  static const std::shared_ptr<const both>& nothing() {
    static const auto empty = std::make_shared<const both>(std::string(), read);
    return empty;
  }

  std::shared_ptr<const both> both_;  // never null
};

}  // namespace relay::config
