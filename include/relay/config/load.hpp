#pragma once

#include <relay/config/config.hpp>
#include <relay/config/patch.hpp>
#include <relay/document/extent.hpp>
#include <relay/document/problem.hpp>

#include <filesystem>
#include <string>
#include <vector>

/// The ways a configuration comes in. Each returns a whole, merged, validated configuration or
/// throws `config_error` with everything that is wrong with it, at once.
namespace relay::config {

using document::problem;
using document::render;
using config_error = document::refusal;

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

/// How much of a configuration is written: of all endpoints each `network` in full, or what is
/// needed, and what all have in common once.
using document::extent;

/// The effective configuration, which reads back to an equal one. JSON has a key a line.
std::string to_toml(const settings& what, extent how = extent::all);
std::string to_json(const settings& what, extent how = extent::all);

enum class convert_format { toml, json };

/// What may be converted. The reference takes nothing but files of realm 1.x.
enum class convert_input { any, legacy };

struct conversion {
  std::string text;
  std::vector<problem> warnings;
  bool legacy = false;  ///< the text is of `convert_legacy`
};

/// `relay convert`: a configuration in any form that can be read, as one of today that reads back
/// to equal settings. A realm 1.x text becomes what `convert_legacy` makes of it. Throws
/// `config_error`.
conversion convert_text(std::string name, std::string text, convert_format format,
                        convert_input takes = convert_input::any);
/// The same for a folder, which becomes one text.
conversion convert_folder(const std::filesystem::path& path, convert_format format);

/// Legacy JSON text to the endpoints of today (spec 1.9): JSON is one line. Throws `config_error`.
std::string convert_legacy(std::string name, std::string text, convert_format format);

/// Endpoints whose listener is already taken by an earlier one: same host, overlapping ports, for
/// TCP and for UDP. They are not part of `loaded::warnings`: at start they are warnings (the second
/// one fails to bind), `relay check` asks for errors.
std::vector<problem> duplicate_listens(const settings& what,
                                       problem::level severity = problem::level::warning);

/// Where a key was given; the place of the endpoint when that is not known.
origin place_of(const endpoint& what, std::string_view key);

}  // namespace relay::config
