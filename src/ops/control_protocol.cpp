#include <relay/ops/control_protocol.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace relay::ops {
namespace {

using json = nlohmann::ordered_json;  // replies keep the order in which they are made

/// Nothing is nested deeper than this in a request; a parser that follows a line of brackets down
/// would use up its stack.
constexpr int deepest = 8;

/// The value of a text, or nothing: it is not JSON, or too deep.
std::optional<json> parsed(std::string_view text, int depth_limit) {
  bool is_too_deep = false;
  auto made = json::parse(
      text,
      [&](int depth, json::parse_event_t, json&) {
        is_too_deep = is_too_deep || depth > depth_limit;
        return !is_too_deep;
      },
      false);
  if (made.is_discarded() || is_too_deep) return std::nullopt;
  return made;
}

/// Bytes that are not UTF-8 are replaced: a reply always leaves.
std::string printed(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

control_error bad(std::string message) {
  return refusal(control_codes::bad_request, std::move(message));
}

/// Nothing wrong: the version, or else what is wrong with it.
std::variant<int, control_error> version_of(const json& request) {
  const auto found = request.find("version");
  if (found == request.end() || !found->is_number_integer())
    return bad("`version` is missing or no whole number; this daemon speaks version " +
               std::to_string(control_version));
  if (*found >= oldest_control_version && *found <= control_version) return found->get<int>();
  return refusal(control_codes::version, "this daemon speaks version " +
                                             std::to_string(control_version) +
                                             " of the protocol, not " + found->dump());
}

std::optional<control_error> read_arguments(const json& from, control_arguments& into) {
  if (!from.is_object()) return bad("`arguments` is an object of texts");
  for (const auto& [name, value] : from.items()) {
    if (!value.is_string()) return bad("the argument `" + name.substr(0, 64) + "` is no text");
    into.emplace(name, value.get<std::string>());
  }
  return std::nullopt;
}

}  // namespace

std::variant<control_request, control_error> read_request(std::string_view line) {
  if (line.size() > longest_request)
    return refusal(control_codes::too_long,
                   "a request has at most " + std::to_string(longest_request) + " bytes");
  const auto read = parsed(line, deepest);
  if (!read || !read->is_object())
    return bad(R"(a request is one line of JSON, such as {"version":1,"command":"status"})");
  const auto version = version_of(*read);
  if (const auto* wrong = std::get_if<control_error>(&version)) return *wrong;
  control_request made;
  made.version = std::get<int>(version);
  const auto command = read->find("command");
  if (command == read->end() || !command->is_string())
    return bad("`command` is missing or no text");
  made.command = command->get<std::string>();
  if (const auto arguments = read->find("arguments"); arguments != read->end()) {
    if (auto wrong = read_arguments(*arguments, made.arguments)) return *std::move(wrong);
  }
  return made;
}

std::string write_request(const control_request& what) {
  json made{{"version", what.version}, {"command", what.command}};
  if (!what.arguments.empty()) made["arguments"] = what.arguments;
  return printed(made) + '\n';
}

std::string write_reply(const control_reply& what) {
  const auto begin = R"({"version":)" + std::to_string(control_version);
  if (const auto* wrong = std::get_if<control_error>(&what)) {
    return begin + R"(,"error":)" + printed(wrong->code) + R"(,"message":)" +
           printed(wrong->message) + "}\n";
  }
  const auto& result = std::get<std::string>(what);
  // Made by us, so it is JSON; only its line breaks may be in the way.
  if (result.find('\n') == std::string::npos) return begin + R"(,"result":)" + result + "}\n";
  return begin + R"(,"result":)" + printed(json::parse(result)) + "}\n";
}

control_reply read_reply(std::string_view line) {
  constexpr int any_depth = 64;
  const auto read = parsed(line, any_depth);
  const auto text = [&](const char* name) {
    const auto found = read->find(name);
    return found != read->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (read && read->is_object()) {
    if (const auto result = read->find("result"); result != read->end()) return printed(*result);
    if (auto code = text("error"); !code.empty()) return control_error{code, text("message")};
  }
  return refusal(control_codes::failed,
                 "the answer makes no sense: " + std::string(line.substr(0, 80)));
}

}  // namespace relay::ops
