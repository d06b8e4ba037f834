#include "stage.hpp"

namespace relay::bench {
namespace {

std::unique_ptr<server> make_server(options& given, loop& events) {
  const auto network = given.text("server-net");
  if (given.text("listen").empty()) return nullptr;
  const auto where = given.where("listen");
  const in_network there(network);
  return std::make_unique<server>(events, listen_on(where));
}

}  // namespace

stage::stage(options& given)
    : remote(make_server(given, events)),
      to_(given.where("to")),
      client_(given.text("client-net")) {}

}  // namespace relay::bench
