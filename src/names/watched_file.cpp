#include <relay/names/watched_file.hpp>

#include <algorithm>
#include <fstream>

namespace relay::names {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path, std::uintmax_t limit) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  char chunk[16384];
  while (in && text.size() < limit) {
    const auto room = std::min<std::uintmax_t>(sizeof chunk, limit - text.size());
    in.read(chunk, static_cast<std::streamsize>(room));
    text.append(chunk, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

}  // namespace

std::optional<std::string> watched_file::news(time_point now) {
  if (now < next_check_) return std::nullopt;
  next_check_ = now + recheck;
  auto written = fs::file_time_type::min();
  std::uintmax_t size = 0;
  std::error_code ec;
  // Only a regular file: a pipe or a device would block the worker that asks.
  const bool there = fs::is_regular_file(path_, ec);
  if (there) {
    written = fs::last_write_time(path_, ec);
    size = fs::file_size(path_, ec);  // an editor may write twice within a tick of the clock
  }
  if (read_ && written == written_ && size == size_) return std::nullopt;
  read_ = true;
  written_ = written;
  size_ = size;
  return there ? read(path_, max_size) : std::string();
}

}  // namespace relay::names
