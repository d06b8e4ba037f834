#include "tls_memory.hpp"

#include <openssl/crypto.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace relay::transport {
namespace {

// A record of 16 KiB with what is around it, reading and writing; each block has the same size, so
// that every one fits.
constexpr std::size_t smallest = 16 * 1024;
constexpr std::size_t block_bytes = 20 * 1024;
// How much more the allocator may call usable than it was asked for.
constexpr std::size_t rounding = 64;

/// Blocks of one thread that nobody uses. Two are in use at once: what is read and what is written.
class store {
 public:
  store() = default;
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  ~store() {
    while (count_ > 0) std::free(blocks_[--count_]);
    is_closed_ = true;
  }

  void* take() noexcept { return count_ > 0 ? blocks_[--count_] : std::malloc(block_bytes); }
  bool keep(void* block) noexcept {
    if (is_closed_ || count_ == blocks_.size()) return false;
    blocks_[count_++] = block;
    return true;
  }

 private:
  std::array<void*, 4> blocks_{};
  std::size_t count_ = 0;
  bool is_closed_ = false;  // OpenSSL frees more than records when its thread has ended
};

thread_local store records;
thread_local int wipers = 0;

void* take(std::size_t size, const char* /*file*/, int /*line*/) {
  return size > smallest && size <= block_bytes ? records.take() : std::malloc(size);
}

void give_back(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  const auto size = malloc_usable_size(block);
  if (wipers > 0) OPENSSL_cleanse(block, size);
  if (size >= block_bytes && size < block_bytes + rounding && records.keep(block)) return;
  std::free(block);
}

void* resize(void* block, std::size_t size, const char* file, int line) {
  if (size == 0) {
    give_back(block, file, line);
    return nullptr;
  }
  if (wipers == 0 || block == nullptr) return std::realloc(block, size);
  void* const moved = take(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(size, malloc_usable_size(block)));
  give_back(block, file, line);
  return moved;
}

}  // namespace

wiping::wiping() noexcept { ++wipers; }
wiping::~wiping() { --wipers; }

bool keep_record_buffers() noexcept {
  static const bool accepted = CRYPTO_set_mem_functions(&take, &resize, &give_back) == 1;
  return accepted;
}

}  // namespace relay::transport
