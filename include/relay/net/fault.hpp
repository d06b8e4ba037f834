#pragma once

#include <exception>
#include <functional>

namespace relay::net {

/// Hears of an exception that has left a part of a worker: a mistake of ours, or a lack of memory.
/// May throw; then nobody hears of it.
using fault_handler = std::function<void(const std::exception&)>;

/// Runs a part whose exception must not end what others have begun, nor the process. Whoever has
/// something to give back does so by itself; this is the last resort behind it.
template <class Work>
void contain(const fault_handler& told, Work work) noexcept {
  try {
    work();
  } catch (const std::exception& e) {
    try {
      if (told) told(e);
    } catch (const std::exception&) {  // the log lacks memory, too
      return;
    }
  }
}

/// The same where the caller has a better way on, or nothing is to be told. Whether it was done.
template <class Work>
bool attempted(Work work) noexcept {
  bool done = false;
  contain({}, [&] {
    work();
    done = true;
  });
  return done;
}

}  // namespace relay::net
