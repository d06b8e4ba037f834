#include "options.hpp"

#include <charconv>

namespace relay::bench {
namespace {

template <class Number>
Number parse(const std::string& name, const std::string& text) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end || value < 0) {
    throw usage_error("--" + name + ": not a number: " + text);
  }
  return value;
}

}  // namespace

options::options(int count, char** words) {
  if (count < 2) throw usage_error("say what to do");
  work_ = words[1];
  int at = 2;
  for (; at < count && std::string(words[at]) != "--"; at += 2) {
    const std::string name = words[at];
    if (name.size() < 3 || name.rfind("--", 0) != 0) throw usage_error("unexpected: " + name);
    if (at + 1 == count) throw usage_error(name + ": a value is missing");
    given_[name.substr(2)] = words[at + 1];
  }
  for (++at; at < count; ++at) command_.emplace_back(words[at]);
}

std::string options::text(const std::string& name, const std::string& fallback) {
  known_[name] = true;
  const auto found = given_.find(name);
  return found == given_.end() ? fallback : found->second;
}

std::uint64_t options::number(const std::string& name, std::uint64_t fallback) {
  const auto value = text(name);
  return value.empty() ? fallback : parse<std::uint64_t>(name, value);
}

double options::seconds(const std::string& name, double fallback) {
  const auto value = text(name);
  return value.empty() ? fallback : parse<double>(name, value);
}

address options::where(const std::string& name) {
  const auto value = text(name);
  if (value.empty()) throw usage_error("--" + name + " HOST:PORT is missing");
  const auto parsed = address::parse(value);
  if (!parsed) throw usage_error("--" + name + ": not an IPv4 address and a port: " + value);
  return *parsed;
}

void options::check() const {
  for (const auto& [name, value] : given_) {
    if (!known_.contains(name)) throw usage_error("--" + name + " means nothing to " + work_);
  }
}

}  // namespace relay::bench
