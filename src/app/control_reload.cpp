#include "control_reload.hpp"

namespace relay::app {
namespace {

void refuse(const reload_handler::answer& reply) {
  reply(refusal(ops::control_codes::no_reload, "this daemon cannot reload"));
}

}  // namespace

void reload_handler::reload(const ops::control_arguments& /*with*/, answer reply) { refuse(reply); }

void reload_handler::plan(const ops::control_arguments& /*with*/, answer reply) { refuse(reply); }

void reload_handler::confirm(const ops::control_arguments& /*with*/, answer reply) {
  refuse(reply);
}

}  // namespace relay::app
