#include "tables.hpp"

namespace relay::config {

const schema<control>& control_keys() {
  static const schema<control> rows{
      key("path", &control::path, socket_path_codec{}),
  };
  return rows;
}

}  // namespace relay::config
