#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

/// The head of an HTTP/1.1 message as the rare exchanges need it that are no tunnel yet: its first
/// line, and its headers as views of the text it was read from.
namespace relay::wire {

struct http_head {
  std::size_t size = 0;    ///< with the empty line behind it; 0: it is not complete
  bool is_broken = false;  ///< whatever follows, it will not be a head
  std::string_view first_line;
  std::vector<std::pair<std::string_view, std::string_view>> headers;

  /// The value of the first header of this name, in whatever case; empty: there is none.
  std::string_view value(std::string_view name) const;
  /// Whether a header whose value is a list, which may stand in several lines, holds this word.
  bool lists(std::string_view name, std::string_view word) const;
};

/// Reads the head at the start of `seen`. Lines end as they should; a header that goes on in the
/// next line, a NUL and the like are broken.
http_head read_http_head(std::string_view seen, std::size_t longest, std::size_t most_headers);

/// Equal but for the case of ASCII letters.
bool is_same_word(std::string_view a, std::string_view b) noexcept;

/// The three parts of a request line, or the status of a reply; empty parts and 0: it is none.
struct http_request_line {
  std::string_view method, target, version;
};
http_request_line read_request_line(std::string_view line);
int read_status_line(std::string_view line);

}  // namespace relay::wire
