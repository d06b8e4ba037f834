#include "transport/tls_memory.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

namespace relay::transport {
namespace {

constexpr std::size_t record = 16 * 1024 + 400;
constexpr std::size_t whole_block = 20 * 1024;

class TlsMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    // Each test has a process of its own under ctest; in one for all of them it may be too late.
    if (!keep_record_buffers()) GTEST_SKIP() << "OpenSSL has allocated before";
  }
};

TEST_F(TlsMemory, RecordBuffersAreAllOfOneSizeSoThatEachFitsAll) {
  for (const auto size : {record, std::size_t{16 * 1024 + 1}, whole_block}) {
    void* const block = OPENSSL_malloc(size);
    EXPECT_GE(malloc_usable_size(block), whole_block) << size;
    std::memset(block, 1, whole_block);
    OPENSSL_free(block);
  }
}

TEST_F(TlsMemory, WhatIsSmallerOrLargerComesFromTheAllocator) {
  for (const auto size : {std::size_t{1}, std::size_t{16 * 1024}, whole_block + 4096}) {
    void* const block = OPENSSL_malloc(size);
    EXPECT_GE(malloc_usable_size(block), size);
    EXPECT_LT(malloc_usable_size(block), size + 4096);
    OPENSSL_free(block);
  }
}

TEST_F(TlsMemory, ABufferThatWasGivenBackIsTheNextOneTaken) {
  void* const first = OPENSSL_malloc(record);
  OPENSSL_free(first);
  void* const between = OPENSSL_malloc(100);  // the allocator would cut it from the free block
  void* const second = OPENSSL_malloc(record + 100);
  EXPECT_EQ(first, second);
  OPENSSL_free(between);
  OPENSSL_free(second);
}

TEST_F(TlsMemory, WhatIsGivenBackWhileAKeyIsReadIsWiped) {
  const auto secrets_in = [](const void* block) {
    const auto* const bytes = static_cast<const unsigned char*>(block);
    return std::count(bytes, bytes + record, 0x5a);
  };
  const auto given_back = [&](bool grown) {
    void* block = OPENSSL_malloc(record);
    std::memset(block, 0x5a, record);
    void* const old = block;
    if (grown) block = OPENSSL_realloc(block, 2 * whole_block);
    EXPECT_EQ(secrets_in(block), static_cast<std::ptrdiff_t>(record));
    OPENSSL_free(block);
    void* const again = OPENSSL_malloc(record);  // the store's: the very same one
    EXPECT_EQ(again, old);
    const auto left = secrets_in(again);
    OPENSSL_free(again);
    return left;
  };
  EXPECT_GT(given_back(false), 0) << "otherwise it costs nothing";
  const wiping now;
  EXPECT_EQ(given_back(false), 0);
  EXPECT_EQ(given_back(true), 0);
}

// The sanitizers' builds see what is lost or freed twice.
TEST_F(TlsMemory, MoreThanTheStoreHoldsIsFreed) {
  std::array<void*, 40> blocks{};
  for (auto& each : blocks) each = OPENSSL_malloc(record);
  for (auto* each : blocks) OPENSSL_free(each);
  const auto before = mallinfo2().uordblks;
  for (auto& each : blocks) each = OPENSSL_malloc(record);
  for (auto* each : blocks) OPENSSL_free(each);
  EXPECT_LE(mallinfo2().uordblks, before + whole_block);
}

TEST_F(TlsMemory, ResizingKeepsTheBytesAndZeroFrees) {
  auto* block = static_cast<char*>(OPENSSL_malloc(record));
  std::memset(block, 'x', record);
  block = static_cast<char*>(OPENSSL_realloc(block, 3 * record));
  EXPECT_EQ(std::count(block, block + record, 'x'), static_cast<std::ptrdiff_t>(record));
  EXPECT_EQ(OPENSSL_realloc(block, 0), nullptr);
  void* const fresh = OPENSSL_realloc(nullptr, record);
  EXPECT_GE(malloc_usable_size(fresh), record);
  OPENSSL_free(fresh);
}

TEST_F(TlsMemory, BuffersMayChangeTheThreadAndOutliveIt) {
  void* block = nullptr;
  std::thread([&block] {
    void* const own = OPENSSL_malloc(record);
    block = OPENSSL_malloc(record);
    OPENSSL_free(own);
  }).join();
  std::memset(block, 2, record);
  OPENSSL_free(block);
  EXPECT_EQ(OPENSSL_malloc(record), block);
  OPENSSL_free(block);
}

}  // namespace
}  // namespace relay::transport
