#include "tables.hpp"

#include <relay/config/words.hpp>

namespace relay::config {

const schema<process>& process_keys() {
  static const schema<process> rows{
      key("shutdown_timeout", &process::shutdown_timeout, time_codec{}),
      key("worker_stall", &process::worker_stall, time_codec{}),
      key("max_connections", &process::max_connections, number_codec<std::uint64_t>{}),
      key("socket_memory", &process::socket_memory, size_codec{}),
      key("user", &process::user, text_codec{}),
      key("group", &process::group, text_codec{}),
      key("sandbox", &process::sandbox, on_off),
      key("core_dumps", &process::core_dumps, on_off),
      key("bind", &process::binds_partially, word_codec{bind_words}),
      key("watch", &process::watch, flag_codec{}),
  };
  return rows;
}

}  // namespace relay::config
