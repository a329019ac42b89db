#pragma once
#include <string>

#include "tests/cli/cli.hpp"

namespace delegate::test {

/// Codex ends its turn with this error.
inline void codex_says(Cli& cli, const std::string& message, const std::string& more = "") {
  cli.backend("codex",
              {"--say", R"({"type":"turn.failed","error":{"message":")" + message + R"("}})", "--exit", "1", "--"},
              "kind = \"codex\"\n" + more);
}

}  // namespace delegate::test
