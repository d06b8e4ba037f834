#include "commands.hpp"

#include <relay/base/error.hpp>
#include <relay/config/limits.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <ostream>

namespace relay::app {
namespace {

int cannot(const environment& with, const char* verb, const std::string& path) {
  const auto why = describe(last_system_error());
  with.err << "error: cannot " << verb << ' ' << path << ": " << why << '\n';
  return exit_config;
}

/// Nothing: it cannot be read, and errno says why.
std::optional<std::string> text_of(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  // Opening a folder succeeds, reading it does not.
  if (!in || (in.peek() == std::ifstream::traits_type::eof() && errno != 0)) return std::nullopt;
  // One byte more than is taken shows that it is too long; a device may never end.
  std::string text(config::largest_text + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// Nothing: it cannot be read, and that has been said.
std::optional<config::conversion> understood(const invocation& given, const environment& with) {
  const auto& words = std::get<convert_words>(given.own);
  const bool only_legacy = given.called == program_name::realm;  // as the reference does
  const auto takes = only_legacy ? config::convert_input::legacy : config::convert_input::any;
  std::error_code ignored;  // what cannot be looked at cannot be read either
  if (!only_legacy && std::filesystem::is_directory(words.input, ignored))
    return config::convert_folder(words.input, words.format);
  auto text = text_of(words.input);
  if (text) return config::convert_text(words.input, *std::move(text), words.format, takes);
  cannot(with, "read", words.input);
  return std::nullopt;
}

}  // namespace

int convert(const invocation& given, const environment& with) {
  const auto made = understood(given, with);
  if (!made) return exit_config;
  for (const auto& each : made->warnings) with.err << config::render(each) << '\n';
  const auto& output = std::get<convert_words>(given.own).output;
  if (!output) {
    with.out << made->text << (made->legacy ? "\n" : "");  // the reference adds a line
    return exit_done;
  }
  std::ofstream file(*output, std::ios::binary | std::ios::trunc);
  if (!file || !(file << made->text) || !file.flush()) return cannot(with, "write", *output);
  return exit_done;
}

}  // namespace relay::app
