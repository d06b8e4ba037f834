#pragma once

#include <relay/document/findings.hpp>

#include <filesystem>
#include <optional>

namespace relay::document {

/// The whole of anything that can be read: a file, a fifo, a device. A problem when it is longer
/// than `most`.
std::optional<std::string> read_file(const std::filesystem::path& path, findings& found,
                                     std::size_t most);

/// The configuration files below a folder, in the order in which they count (spec 2.7).
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& root, findings& found);

}  // namespace relay::document
