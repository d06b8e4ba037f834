#pragma once

#include <relay/document/origin.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace relay::document {

/// One thing wrong with what an operator wrote.
struct problem {
  enum class level { warning, error };
  level severity = level::error;
  origin where;
  std::string message;  ///< what is wrong: "unknown key `lisen`"
  std::string hint;     ///< what would be right: "did you mean `listen`?"; may be empty
};

/// `relay.toml:3:10: error: …`, the line of the text, a caret, the hint; several lines.
std::string render(const problem& what);

/// Thrown once, with every problem (warnings included); what() is all of them rendered.
class refusal : public std::runtime_error {
 public:
  explicit refusal(std::vector<problem> problems);
  const std::vector<problem>& problems() const noexcept { return problems_; }

 private:
  std::vector<problem> problems_;
};

}  // namespace relay::document
