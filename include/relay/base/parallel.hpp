#pragma once

#include <cstddef>
#include <functional>

namespace relay {

/// Calls `work` with 0 to `count` - 1, all at the same time: 0 on the caller's thread, the others
/// each on one of its own, or on the caller's where no thread is to be had. Returns when all are
/// done; of what they threw, the caller gets what the lowest number did.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace relay
