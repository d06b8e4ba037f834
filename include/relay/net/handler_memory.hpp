#pragma once

#include <boost/asio/bind_allocator.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace relay::net {

/// Where Asio keeps one handler of a worker that is always waited for again, so that waiting cannot
/// fail for want of memory. A second one at the same time, or a large one, comes from the heap.
/// Used by one thread at a time; lives longer than the handler.
class handler_memory {
 public:
  handler_memory() = default;
  handler_memory(const handler_memory&) = delete;
  handler_memory& operator=(const handler_memory&) = delete;
  ~handler_memory() = default;

  void* take(std::size_t bytes) {
    if (in_use_ || bytes > sizeof storage_) return ::operator new(bytes);
    in_use_ = true;
    return storage_;
  }
  void give_back(void* taken) noexcept {
    if (taken != storage_) return ::operator delete(taken);
    in_use_ = false;
  }

 private:
  alignas(std::max_align_t) std::byte storage_[256];
  bool in_use_ = false;
};

/// An allocator over it, as Asio wants one.
template <class T>
class handler_allocator {
 public:
  using value_type = T;

  explicit handler_allocator(handler_memory& from) noexcept : from_(&from) {}
  template <class U>
  handler_allocator(const handler_allocator<U>& other) noexcept  // NOLINT: as allocators have it
      : from_(other.from()) {}

  T* allocate(std::size_t count) { return static_cast<T*>(from_->take(count * sizeof(T))); }
  void deallocate(T* taken, std::size_t /*count*/) noexcept { from_->give_back(taken); }
  handler_memory* from() const noexcept { return from_; }
  friend bool operator==(const handler_allocator& a, const handler_allocator& b) noexcept {
    return a.from_ == b.from_;
  }

 private:
  handler_memory* from_;
};

/// A handler that Asio is to keep there.
template <class Handler>
auto kept_in(handler_memory& memory, Handler handler) {
  return boost::asio::bind_allocator(handler_allocator<Handler>(memory), std::move(handler));
}

}  // namespace relay::net
