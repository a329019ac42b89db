#pragma once
#include <optional>
#include <string>

#include "tests/cli/cli.hpp"
#include "tests/helpers/skip.hpp"

namespace delegate::test {

/// The output of a shell script with mounts of its own, which no other process sees; `$DELEGATE` is the program, in the
/// sandbox's home. Nothing: mounting is not allowed here, and the test is skipped.
inline std::optional<Finished> in_own_mounts(const Cli& cli, const std::string& script) {
  const std::vector<std::string> environment{"HOME=" + cli.home(),
                                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                             "DELEGATE=" + program(),
                                             "XDG_SANDBOX=" + cli.file(""),
                                             "XDG_STATE_HOME=" + cli.home(".local/state"),
                                             "OLLAMA_HOST=127.0.0.1:1",
                                             "LANG=C.UTF-8"};
  const auto run = [&](const std::string& text) {
    return Running({"/usr/bin/env", "unshare", "--mount", "sh", "-ec", text}, environment, cli.home(), {}).finish();
  };
  if (run("mount -t tmpfs none " + cli.file("run")).exit_code == 0) return run(script);
  delegate_tests::skip_visibly("mounting is not allowed here (needs root)");
  return std::nullopt;
}

}  // namespace delegate::test
