#include <relay/base/odd_characters.hpp>

#include <algorithm>
#include <array>

namespace relay {

namespace {

struct row {
  std::string_view bytes;
  std::string_view name;
  std::string_view instead;
};

constexpr std::array rows{
    row{"\u00a0", "a no-break space (U+00A0)", " "},
    row{"\u00ad", "a soft hyphen (U+00AD)", ""},
    row{"\u2002", "an en space (U+2002)", " "},
    row{"\u2003", "an em space (U+2003)", " "},
    row{"\u2009", "a thin space (U+2009)", " "},
    row{"\u200b", "a zero-width space (U+200B)", ""},
    row{"\u200c", "a zero-width non-joiner (U+200C)", ""},
    row{"\u200d", "a zero-width joiner (U+200D)", ""},
    row{"\u200e", "a left-to-right mark (U+200E)", ""},
    row{"\u200f", "a right-to-left mark (U+200F)", ""},
    row{"\u2010", "a hyphen that is not the ASCII one (U+2010)", "-"},
    row{"\u2011", "a non-breaking hyphen (U+2011)", "-"},
    row{"\u2013", "an en dash (U+2013)", "-"},
    row{"\u2014", "an em dash (U+2014)", "-"},
    row{"\u2018", "a curly quote (U+2018)", "'"},
    row{"\u2019", "a curly quote (U+2019)", "'"},
    row{"\u201c", "a curly quote (U+201C)", "\""},
    row{"\u201d", "a curly quote (U+201D)", "\""},
    row{"\u201e", "a low quote (U+201E)", "\""},
    row{"\u00ab", "an angle quote (U+00AB)", "\""},
    row{"\u00bb", "an angle quote (U+00BB)", "\""},
    row{"\u2028", "a line separator (U+2028)", ""},
    row{"\u202a", "an embedding mark (U+202A)", ""},
    row{"\u202c", "an embedding mark (U+202C)", ""},
    row{"\u202f", "a narrow no-break space (U+202F)", " "},
    row{"\u2060", "a word joiner (U+2060)", ""},
    row{"\u2066", "a direction mark (U+2066)", ""},
    row{"\u2069", "a direction mark (U+2069)", ""},
    row{"\u2212", "a minus sign that is not the ASCII one (U+2212)", "-"},
    row{"\u2215", "a division slash (U+2215)", "/"},
    row{"\u2236", "a ratio sign (U+2236)", ":"},
    row{"\u3000", "a full-width space (U+3000)", " "},
    row{"\u3001", "an ideographic comma (U+3001)", ","},
    row{"\u3002", "an ideographic full stop (U+3002)", "."},
    row{"\ufeff", "a byte order mark (U+FEFF)", ""},
    row{"\uff02", "a full-width quote (U+FF02)", "\""},
    row{"\uff03", "a full-width number sign (U+FF03)", "#"},
    row{"\uff05", "a full-width percent sign (U+FF05)", "%"},
    row{"\uff0a", "a full-width asterisk (U+FF0A)", "*"},
    row{"\uff0c", "a full-width comma (U+FF0C)", ","},
    row{"\uff0d", "a full-width hyphen (U+FF0D)", "-"},
    row{"\uff0e", "a full-width full stop (U+FF0E)", "."},
    row{"\uff0f", "a full-width slash (U+FF0F)", "/"},
    row{"\uff10", "a full-width digit (U+FF10)", "0"},
    row{"\uff11", "a full-width digit (U+FF11)", "1"},
    row{"\uff12", "a full-width digit (U+FF12)", "2"},
    row{"\uff13", "a full-width digit (U+FF13)", "3"},
    row{"\uff14", "a full-width digit (U+FF14)", "4"},
    row{"\uff15", "a full-width digit (U+FF15)", "5"},
    row{"\uff16", "a full-width digit (U+FF16)", "6"},
    row{"\uff17", "a full-width digit (U+FF17)", "7"},
    row{"\uff18", "a full-width digit (U+FF18)", "8"},
    row{"\uff19", "a full-width digit (U+FF19)", "9"},
    row{"\uff1a", "a full-width colon (U+FF1A)", ":"},
    row{"\uff1b", "a full-width semicolon (U+FF1B)", ";"},
    row{"\uff1d", "a full-width equals sign (U+FF1D)", "="},
    row{"\uff3b", "a full-width bracket (U+FF3B)", "["},
    row{"\uff3d", "a full-width bracket (U+FF3D)", "]"},
};

}  // namespace

std::string odd_character::advice() const {
  if (instead.empty()) return "remove it";
  if (instead == " ") return "write an ordinary blank or none";
  if (instead == "\"") return "write the plain quote, \"";
  return "write `" + std::string(instead) + "` instead";
}

std::optional<odd_character> odd_character_at_start(std::string_view text) {
  if (text.empty() || static_cast<unsigned char>(text.front()) < 0x80) return std::nullopt;
  const auto found =
      std::ranges::find_if(rows, [&](const row& each) { return text.starts_with(each.bytes); });
  if (found == rows.end()) return std::nullopt;
  return odd_character{0, found->bytes, found->name, found->instead};
}

std::optional<odd_character> find_odd_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto found = odd_character_at_start(text.substr(at));
    if (!found) continue;
    found->at = at;
    return found;
  }
  return std::nullopt;
}

}  // namespace relay
