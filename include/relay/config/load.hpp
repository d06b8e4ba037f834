#pragma once

#include <relay/config/config.hpp>
#include <relay/config/patch.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

/// The ways a configuration comes in. Each returns a whole, merged, validated configuration or
/// throws `config_error` with everything that is wrong with it, at once.
namespace relay::config {

/// One thing wrong with a configuration.
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
class config_error : public std::runtime_error {
 public:
  explicit config_error(std::vector<problem> problems);
  const std::vector<problem>& problems() const noexcept { return problems_; }

 private:
  std::vector<problem> problems_;
};

struct loaded {
  settings value;
  std::vector<problem> warnings;
  bool legacy = false;  ///< something in it was in the realm 1.x schema
};

/// A file (of any kind that can be read) or a folder (spec 2.7).
loaded load_path(const std::filesystem::path& path, const overrides& forced);

/// A text that stands in for a file, such as `REALM_CONF`; `name` appears in messages.
loaded load_text(std::string name, std::string text, const overrides& forced);

/// The single-endpoint mode, `-l A -r B` once or more.
loaded load_command_line(const std::vector<command_line_endpoint>& given, const overrides& forced);

/// The effective configuration as TOML that reads back to an equal one.
std::string to_toml(const settings& what);

enum class convert_format { toml, json };

/// `relay convert`: legacy JSON text to the endpoints of today (spec 1.9). Throws `config_error`.
std::string convert_legacy(std::string name, std::string text, convert_format format);

/// Endpoints whose listener is already taken by an earlier one: same host, overlapping ports, for
/// TCP and for UDP. They are not part of `loaded::warnings`: at start they are warnings (the second
/// one fails to bind), `relay check` asks for errors.
std::vector<problem> duplicate_listens(const settings& what,
                                       problem::level severity = problem::level::warning);

/// What the configuration uses that this version cannot do yet; empty when it can run.
std::vector<problem> unsupported(const settings& what);

}  // namespace relay::config
