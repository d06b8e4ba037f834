#pragma once

#include "engine.hpp"

#include <relay/config/config.hpp>

/// The codecs of values that only a configuration of relay has.
namespace relay::config {

/// A word, or the address of a web server.
struct camouflage_codec {
  std::optional<camouflage_choice> read(const value_at& from) const;
  std::string print(const camouflage_choice& value) const;
};

/// How much of a client's address counts.
struct client_prefix_codec {
  std::optional<balance::client_prefix> read(const value_at& from) const;
  std::string print(const balance::client_prefix& value) const { return quote(to_string(value)); }
};

/// The path of a unix socket, which the kernel takes only up to a certain length.
struct socket_path_codec {
  std::optional<std::string> read(const value_at& from) const;
  std::string print(const std::string& value) const { return text_codec{}.print(value); }
};

/// Blocks of addresses, printed as they were written.
struct cidr_list_codec {
  std::optional<std::vector<address_block>> read(const value_at& from) const;
  std::string print(const std::vector<address_block>& value) const;
};

/// A text that is read at once, and printed as it was written.
struct balance_codec {
  std::optional<balance_text> read(const value_at& from) const;
  std::string print(const balance_text& value) const { return text_codec{}.print(value.text()); }
};

/// The same, by the rules of the configuration: `make` is one of `make_listen_text`,
/// `make_dial_text`.
template <class Text>
struct transport_codec {
  Text (*make)(std::string, dialect);
  dialect rules;

  std::optional<Text> read(const value_at& from) const {
    auto text = text_codec{}.read(from);
    if (!text) return std::nullopt;
    return make(*std::move(text), rules);
  }
  std::string print(const Text& value) const { return text_codec{}.print(value.text()); }
};
template <class Text>
transport_codec(Text (*)(std::string, dialect), dialect) -> transport_codec<Text>;

}  // namespace relay::config
