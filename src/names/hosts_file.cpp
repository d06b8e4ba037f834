#include <relay/names/hosts_file.hpp>
#include <relay/names/resolv_conf.hpp>

#include <algorithm>
#include <sstream>

namespace relay::names {

hosts_table parse_hosts(std::string_view text) {
  hosts_table made;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (const auto comment = line.find('#'); comment != std::string::npos) line.resize(comment);
    std::istringstream words(line);
    std::string word;
    if (!(words >> word)) continue;
    const auto address = ip_address::parse(word);
    if (!address) continue;
    while (words >> word) {
      auto name = lower_case(word);
      if (name.ends_with('.')) name.pop_back();
      auto& known = made[std::move(name)];
      if (std::ranges::find(known, *address) == known.end()) known.push_back(*address);
    }
  }
  return made;
}

const std::vector<ip_address>* hosts_file::find(std::string_view name,
                                                watched_file::time_point now) {
  if (const auto text = file_.news(now)) table_ = parse_hosts(*text);
  const auto known = table_.find(name);
  return known == table_.end() ? nullptr : &known->second;
}

}  // namespace relay::names
