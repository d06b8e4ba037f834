#include <relay/config/credentials.hpp>

#include <initializer_list>
#include <utility>

namespace relay::config {
namespace {

struct named_path {
  std::string_view item;
  std::string& path;
};

std::vector<credentials_problem> expand_all(std::initializer_list<named_path> paths,
                                            const std::optional<std::string>& folder) {
  std::vector<credentials_problem> problems;
  for (const auto& each : paths) {
    auto made = expand_credentials(each.path, folder);
    if (made) {
      each.path = *std::move(made.value);
    } else {
      problems.push_back({each.item, std::move(made.wrong)});
    }
  }
  return problems;
}

}  // namespace

parsed<std::string> expand_credentials(std::string path, const std::optional<std::string>& folder) {
  using answer = parsed<std::string>;
  // In a unit `%d` is that folder; here it would be looked for as a folder of this name.
  if (path.starts_with("%d/")) {
    return answer::bad("`%d` has a meaning in unit files only; write `$CREDENTIALS_DIRECTORY" +
                       path.substr(2) + "`");
  }
  for (const std::string_view variable : {"$CREDENTIALS_DIRECTORY", "${CREDENTIALS_DIRECTORY}"}) {
    if (!path.starts_with(variable)) continue;
    const auto rest = path.substr(variable.size());
    if (!rest.starts_with('/')) continue;  // `$CREDENTIALS_DIRECTORY_2/…` is another one
    if (!folder || folder->empty()) {
      return answer::bad("`" + std::string(variable) +
                         "` is not set; systemd sets it for a unit with LoadCredential=, and by "
                         "hand CREDENTIALS_DIRECTORY=FOLDER in front of the command does");
    }
    return answer::good(*folder + rest);
  }
  return answer::good(std::move(path));
}

std::vector<credentials_problem> expand_credentials(tls_listen_options& in,
                                                    const std::optional<std::string>& folder) {
  return expand_all(
      {{"cert", in.cert}, {"key", in.key}, {"ocsp", in.ocsp}, {"client_ca", in.client_ca}}, folder);
}

std::vector<credentials_problem> expand_credentials(tls_dial_options& in,
                                                    const std::optional<std::string>& folder) {
  return expand_all({{"ca", in.ca}, {"client_cert", in.client_cert}, {"client_key", in.client_key}},
                    folder);
}

}  // namespace relay::config
