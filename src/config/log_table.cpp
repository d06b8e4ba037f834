#include "tables.hpp"

#include <relay/config/patch.hpp>
#include <relay/config/words.hpp>

namespace relay::config {

const schema<log>& log_keys() {
  static const schema<log> rows{
      key("level", &log::level, word_codec{log_level_words}),
      key("output", &log::output, text_codec{true}),
      key("time", &log::time, word_codec{log_time_words}),
  };
  return rows;
}

}  // namespace relay::config
