#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What is known of the words that stand where keys do, so that a message about an unknown one can
/// say what was meant.
namespace relay::document {

/// A key that is known.
struct known_key {
  std::string_view table;  ///< that it stands in; empty: at the top level
  std::string_view name;
  std::string_view alias_of;  ///< the key this is another name of; empty: none
};

/// A key that once meant something: old files carry it, and nothing is lost without it.
struct retired_key {
  std::string_view name;
  std::string_view instead;
};

/// What other programs and people call a key of ours: no spelling of it is near.
struct foreign_name {
  std::string_view name;
  std::string_view ours;
};

/// A key whose name alone does not tell how it is written in TOML.
struct written_key {
  std::string_view name;
  std::string_view in_toml;
};

struct vocabulary {
  std::vector<known_key> known;
  std::span<const retired_key> retired;
  std::span<const foreign_name> foreign;
  std::span<const written_key> written;

  /// Null: it is none.
  const retired_key* find_retired(std::string_view name) const;
  /// Which key an unknown one of this table was meant to be, here or elsewhere; empty: nobody
  /// knows. `here` are the keys of the table.
  std::string_view meant_by(std::string_view unknown, std::span<const std::string_view> here) const;
  /// The same as a hint.
  std::string advice_on(std::string_view unknown, std::string_view table,
                        std::span<const std::string_view> here, bool is_json) const;

 private:
  std::string_view usual_name(std::string_view of) const;
  std::string_view nearest_anywhere(std::string_view unknown) const;
};

}  // namespace relay::document
