#include "assemble.hpp"

#include <relay/config/keys.hpp>

namespace relay::config {
namespace {

constexpr std::string_view remove_it = "remove it";

problem not_yet(origin where, std::string_view key, std::string_view advice) {
  return {problem::level::error, std::move(where),
          '`' + std::string(key) + "` is not available yet in this version", std::string(advice)};
}

}  // namespace

std::vector<problem> unsupported(const settings& what) {
  std::vector<problem> made;
  if (what.process.socket_memory != 0) {
    made.push_back(not_yet(what.process.keys.at("socket_memory"), "socket_memory", remove_it));
  }
  return made;
}

std::vector<unavailable_key> unavailable_keys() { return {{"process", "socket_memory"}}; }

}  // namespace relay::config
