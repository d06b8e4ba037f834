#include <relay/config/transport.hpp>
#include <relay/forward/endpoint_layers.hpp>

#include <utility>

namespace relay::forward {
namespace {

config::problem unusable(const config::endpoint& of, std::string_view key, std::string why) {
  return {config::problem::level::error, config::place_of(of, key),
          '`' + std::string(key) + "`: " + std::move(why), ""};
}

transport::listen_layers clients_side(const config::endpoint& of, config::dialect rules,
                                      transport::self_signed_certificates& self_signed,
                                      std::vector<config::problem>& problems) {
  transport::listen_layers made;
  const auto text = config::parse_listen_transport(of.listen_transport, rules);
  if (!text) {
    problems.push_back(unusable(of, "listen_transport", text.wrong));
    return made;
  }
  made.ws = text->ws;
  made.is_silent = of.network.camouflage == config::camouflage_answer::close;
  if (!text->tls) return made;
  auto tls = transport::tls_server::make(*text->tls, self_signed);
  if (!tls) problems.push_back(unusable(of, "listen_transport", std::move(tls.wrong)));
  if (tls) made.tls = std::move(*tls.value);
  return made;
}

transport::dial_layers remotes_side(const config::endpoint& of, config::dialect rules,
                                    std::vector<config::problem>& problems) {
  transport::dial_layers made;
  const auto text = config::parse_dial_transport(of.remote_transport, rules);
  if (!text) {
    problems.push_back(unusable(of, "remote_transport", text.wrong));
    return made;
  }
  made.ws = text->ws;
  if (!text->tls) return made;
  auto tls = transport::tls_client::make(*text->tls);
  if (!tls) problems.push_back(unusable(of, "remote_transport", std::move(tls.wrong)));
  if (tls) made.tls = std::move(*tls.value);
  return made;
}

}  // namespace

std::vector<endpoint_layers> make_layers(const config::settings& of,
                                         std::vector<config::problem>& problems) {
  transport::self_signed_certificates self_signed;
  std::vector<endpoint_layers> all;
  all.reserve(of.endpoints.size());
  for (const auto& each : of.endpoints) {
    auto in = clients_side(each, of.rules, self_signed, problems);
    auto out = remotes_side(each, of.rules, problems);
    all.push_back({std::move(in), std::move(out)});
  }
  return all;
}

}  // namespace relay::forward
