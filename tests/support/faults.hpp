#pragma once

#include <cstdint>
#include <string>

/// Faults in the middle of what relay's workers do. Whoever links faults.cpp has an `operator new`
/// and system calls (see there) that fail where they are told to, on the threads of workers only.
namespace relay::test::faults {

enum class kind { allocation, system_call };

/// From now on the k-th one (from 1) fails, once.
void arm(kind what, std::uint64_t k);
/// From now on all go well. Whether the fault has happened.
bool disarm();
/// Where the last one has happened, for messages: what it was, and addresses for addr2line.
std::string where();

}  // namespace relay::test::faults
