#include <relay/app/run.hpp>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  const auto variable = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  return relay::app::run(argc, argv, {variable, std::cout, std::cerr, relay::app::serve});
}
