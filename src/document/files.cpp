#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>
#include <relay/document/files.hpp>
#include <relay/document/limits.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace relay::document {

namespace {

namespace fs = std::filesystem;

origin place(const fs::path& path) {
  return {std::make_shared<const source>(source{path.string(), {}}), 0};
}

/// What a directory is, however it was reached.
struct identity {
  dev_t device = 0;
  ino_t number = 0;
  friend bool operator==(const identity&, const identity&) = default;
};

std::optional<identity> identify(const fs::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return std::nullopt;
  return identity{about.st_dev, about.st_ino};
}

/// Walks a folder, depth first, by name. `above` holds the directories on the way down: a link that
/// leads back to one of them is a loop.
void walk(const fs::path& folder, std::vector<identity>& above, std::vector<fs::path>& files,
          findings& found) {
  const auto self = identify(folder);
  if (!self || std::ranges::find(above, *self) != above.end()) return;
  std::error_code failure;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    // The root itself may well be called `.` or `.config`; this is about what is in it.
    if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
  }
  if (failure) {
    found.warning(place(folder), "cannot list the folder: " + describe(failure));
    return;
  }
  std::ranges::sort(entries);
  above.push_back(*self);
  for (const auto& entry : entries) {
    if (fs::is_directory(entry, failure)) {
      walk(entry, above, files, found);
    } else if (fs::is_regular_file(entry, failure) &&
               (entry.extension() == ".toml" || entry.extension() == ".json")) {
      files.push_back(entry);
    }
  }
  above.pop_back();
}

}  // namespace

std::optional<std::string> read_file(const fs::path& path, findings& found, std::size_t most) {
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 65536> part{};
  for (;;) {
    const auto count = file ? ::read(file.get(), part.data(), part.size()) : -1;
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const auto why = last_system_error();
      found.error(place(path), "cannot read it: " + describe(why));
      return std::nullopt;
    }
    text.append(part.data(), static_cast<std::size_t>(count));
    // A device such as /dev/zero never ends.
    if (text.size() > most) {
      found.error(place(path), std::string(too_large));
      return std::nullopt;
    }
  }
}

std::vector<fs::path> list_folder(const fs::path& root, findings& found) {
  std::vector<fs::path> files;
  std::vector<identity> above;
  walk(root, above, files, found);
  if (files.empty()) found.warning(place(root), "the folder has no .toml or .json file");
  return files;
}

}  // namespace relay::document
