#pragma once

#include "loop.hpp"
#include "report.hpp"

#include <functional>

namespace relay::bench {

/// Says {"up": true}, keeps the loop turning until standard input ends, and then prints what `told`
/// says: the reader measures memory meanwhile.
int hold(loop& events, const std::function<report()>& told);

}  // namespace relay::bench
