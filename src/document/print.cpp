#include <relay/document/print.hpp>

namespace relay::document {

void append_toml(std::string& text, std::string_view heading, const printed_table& table) {
  if (!text.empty()) text += '\n';
  text.append(heading).append("\n");
  for (const auto& each : table) {
    text.append(each.is_remark ? "# " : "").append(each.name).append(" = ");
    text.append(each.value).append("\n");
  }
}

json_members::~json_members() {
  if (!first_) text_.append("\n").append(indent_);
  text_ += '}';
}

std::string& json_members::add(std::string_view name) {
  text_.append(first_ ? "\n" : ",\n").append(indent_).append("  \"").append(name).append("\": ");
  first_ = false;
  return text_;
}

void json_members::add_all(const printed_table& table) {
  for (const auto& each : table) {
    if (!each.is_remark) add(each.name) += each.value;
  }
}

}  // namespace relay::document
