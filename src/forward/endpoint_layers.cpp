#include <relay/config/credentials.hpp>
#include <relay/config/transport.hpp>
#include <relay/forward/endpoint_layers.hpp>
#include <relay/transport/tls_inspect.hpp>

#include <initializer_list>
#include <set>
#include <string>
#include <utility>

namespace relay::forward {
namespace {

using problems = std::vector<config::problem>;
using level = config::problem::level;

/// One text of an endpoint, and where it stands.
struct text_of {
  const config::endpoint& endpoint;
  const char* key;
  const std::string& text;

  config::origin place() const { return config::place_of(endpoint, key); }
  config::origin place_of(std::string_view item) const {
    return config::place_within(place(), text, config::item_offset(text, item));
  }
  std::string told(const std::string& message) const {
    return '`' + std::string(key) + "`: " + message;
  }
};
text_of listening(const config::endpoint& of) {
  return {of, "listen_transport", of.listen_transport.text()};
}
text_of dialling(const config::endpoint& of) {
  return {of, "remote_transport", of.remote_transport.text()};
}

/// What the texts of an endpoint say, with paths that can be opened.
struct wanted {
  config::listen_transport in;
  config::dial_transport out;
};

template <class Options>
void expand(std::optional<Options>& paths, const text_of& from,
            const std::optional<std::string>& credentials, problems& found) {
  if (!paths) return;
  const auto wrong = config::expand_credentials(*paths, credentials);
  for (const auto& each : wrong)
    found.push_back({level::error, from.place_of(each.item), from.told(each.message), ""});
  if (!wrong.empty()) paths.reset();  // nothing more is to be said of them
}

wanted read(const config::endpoint& of, const std::optional<std::string>& credentials,
            problems& found) {
  wanted made;
  auto in = of.listen_transport->result();
  auto out = of.remote_transport->result();
  if (in) made.in = *std::move(in.value);
  if (out) made.out = *std::move(out.value);
  for (const auto& [from, why] :
       {std::pair(listening(of), in.wrong), std::pair(dialling(of), out.wrong)}) {
    if (!why.empty()) found.push_back({level::error, from.place(), from.told(why), ""});
  }
  expand(made.in.tls, listening(of), credentials, found);
  expand(made.out.tls, dialling(of), credentials, found);
  return made;
}

/// An error about a file stands at the item that names it, not at the text as a whole. The message
/// quotes the path; where it quotes two, the first of `files` is to blame.
void blame(const text_of& from, const std::string& wrong,
           std::initializer_list<std::pair<const char*, const std::string&>> files,
           problems& found) {
  auto place = from.place();
  for (const auto& [item, path] : files) {
    if (path.empty() || wrong.find('`' + path + '`') == std::string::npos) continue;
    place = from.place_of(item);
    break;
  }
  found.push_back({level::error, std::move(place), from.told(wrong), ""});
}

transport::listen_layers clients_side(const config::endpoint& of, const wanted& what,
                                      transport::self_signed_certificates& self_signed,
                                      problems& found) {
  transport::listen_layers made;
  made.ws = what.in.ws;
  const auto& camouflage = of.network.camouflage;
  made.is_silent = camouflage == config::camouflage_choice(config::camouflage_answer::close);
  made.hands_over = std::holds_alternative<host_port>(camouflage);
  if (!what.in.tls) return made;
  const auto from = listening(of);
  auto tls = transport::tls_server::make(*what.in.tls, self_signed);
  if (!tls) {
    const auto& files = *what.in.tls;
    blame(from, tls.wrong,
          {{"key", files.key},
           {"cert", files.cert},
           {"ocsp", files.ocsp},
           {"client_ca", files.client_ca}},
          found);
  }
  if (tls) made.tls = std::move(*tls.value);
  return made;
}

transport::dial_layers remotes_side(const config::endpoint& of, const wanted& what,
                                    problems& found) {
  transport::dial_layers made;
  made.ws = what.out.ws;
  if (!what.out.tls) return made;
  const auto from = dialling(of);
  auto tls = transport::tls_client::make(*what.out.tls);
  if (!tls) {
    const auto& files = *what.out.tls;
    blame(from, tls.wrong,
          {{"client_key", files.client_key}, {"client_cert", files.client_cert}, {"ca", files.ca}},
          found);
  }
  if (tls) made.tls = std::move(*tls.value);
  return made;
}

std::vector<std::string> authorities_of(const std::vector<wanted>& all) {
  std::set<std::string> files;
  for (const auto& each : all) {
    if (each.in.tls && !each.in.tls->client_ca.empty()) files.insert(each.in.tls->client_ca);
    if (each.out.tls && !each.out.tls->ca.empty()) files.insert(each.out.tls->ca);
  }
  return {files.begin(), files.end()};
}

/// Many endpoints may use one file, of which everything is told once. What cannot be used at all
/// has been told.
void warn(const config::settings& of, const std::vector<wanted>& all,
          const std::vector<endpoint_layers>& made, problems& found) {
  const transport::tls_surroundings with{std::chrono::system_clock::now(), authorities_of(all)};
  std::set<std::string> told;
  const auto tell = [&](const text_of& from, const std::vector<transport::tls_warning>& warnings) {
    for (const auto& each : warnings) {
      if (!told.insert(each.message).second) continue;
      found.push_back(
          {level::warning, from.place_of(each.item), from.told(each.message), each.hint});
    }
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (made[i].in.tls) tell(listening(of.endpoints[i]), inspect(*all[i].in.tls, with));
    if (made[i].out.tls) tell(dialling(of.endpoints[i]), inspect(*all[i].out.tls, with));
  }
}

}  // namespace

std::vector<endpoint_layers> make_layers(const config::settings& of, problems& found,
                                         const std::optional<std::string>& credentials) {
  std::vector<wanted> all;
  all.reserve(of.endpoints.size());
  for (const auto& each : of.endpoints) all.push_back(read(each, credentials, found));
  transport::self_signed_certificates self_signed;
  std::vector<endpoint_layers> made;
  made.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto in = clients_side(of.endpoints[i], all[i], self_signed, found);
    auto out = remotes_side(of.endpoints[i], all[i], found);
    made.push_back({std::move(in), std::move(out)});
  }
  warn(of, all, made, found);
  return made;
}

}  // namespace relay::forward
