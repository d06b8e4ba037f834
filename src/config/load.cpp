#include "assemble.hpp"

#include <relay/config/load.hpp>
#include <relay/document/files.hpp>

namespace relay::config {

namespace {

loaded finish(std::vector<fragment> texts, const overrides& forced, findings& found) {
  loaded made;
  for (const auto& each : texts) made.legacy = made.legacy || each.legacy;
  made.value = assemble(std::move(texts), forced, found);
  made.warnings = found.finish();
  return made;
}

/// A text on its own must say what to forward, if only `endpoints = []`.
void require_endpoints(const fragment& what, findings& found) {
  if (what.has_endpoints || what.is_blamed) return;
  found.error(what.where, "there are no `endpoints`",
              "add [[endpoints]] with `listen` and `remote`");
}

/// The options of one `-l … -r …` as a text and a tree, so that the reader of files reads them.
class option_table {
 public:
  void add(std::string_view option, std::string key, const std::optional<std::string>& value) {
    if (!value) return;
    if (!text_.empty()) text_ += ' ';
    text_.append(option).append(" ");
    node given;
    given.what = node::kind::text;
    given.offset = text_.size();
    given.text = *value;
    table_.members.push_back({std::move(key), given.offset, std::move(given)});
    text_ += *value;
  }

  endpoint read(dialect rules, findings& found) {
    table_.what = node::kind::table;
    const auto shown = make_source("command line", text_);
    auto made = read_endpoint(table_, shown, rules, found);
    // Later messages are about the endpoint as a whole.
    made.origin = {make_source("command line", {}), 0};
    return made;
  }

 private:
  std::string text_;
  node table_;
};

}  // namespace

loaded load_path(const std::filesystem::path& path, const overrides& forced) {
  findings found;
  std::vector<fragment> texts;
  std::error_code ignored;  // what cannot be looked at cannot be read either, and that is told
  const bool folder = std::filesystem::is_directory(path, ignored);
  const auto files = folder ? list_folder(path, found) : std::vector{path};
  auto room = largest_text;
  for (const auto& file : files) {
    auto text = read_file(file, found, room);
    if (!text) continue;
    room -= text->size();
    texts.push_back(
        read_fragment(make_source(file.string(), std::move(*text)), forced.rules, found));
    if (!folder) require_endpoints(texts.back(), found);
  }
  return finish(std::move(texts), forced, found);
}

loaded load_text(std::string name, std::string text, const overrides& forced) {
  findings found;
  std::vector<fragment> texts;
  texts.push_back(
      read_fragment(make_source(std::move(name), std::move(text)), forced.rules, found));
  require_endpoints(texts.back(), found);
  return finish(std::move(texts), forced, found);
}

loaded load_command_line(const std::vector<command_line_endpoint>& given, const overrides& forced) {
  findings found;
  std::vector<fragment> texts(1);
  for (const auto& each : given) {
    option_table options;
    options.add("-l", "listen", each.listen);
    options.add("-r", "remote", each.remote);
    options.add("-x", "through", each.through);
    options.add("-i", "interface", each.interface);
    options.add("-e", "listen_interface", each.listen_interface);
    options.add("-a", "listen_transport", each.listen_transport);
    options.add("-b", "remote_transport", each.remote_transport);
    texts.back().endpoints.push_back(options.read(forced.rules, found));
  }
  return finish(std::move(texts), forced, found);
}

}  // namespace relay::config
