#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "tests/cli/cli.hpp"
#include "tests/cli/patience.hpp"

namespace delegate::test {

/// A notification hook that appends each call to a file, one line each.
struct Told {
  explicit Told(Cli& cli, const std::string& more = {}, const std::string& toml = {})
      : cli_(cli), file_(cli.file("told")) {
    const std::string hook = cli.file("hook");
    cli.write(hook, "#!/bin/sh\nPATH=/usr/bin:/bin\n" + more + "cat >> '" + file_ + "'\n");
    std::filesystem::permissions(hook, std::filesystem::perms(0755));
    cli.config("[notify]\nhook = [\"" + hook + "\"]\n" + toml);
  }

  std::vector<Json> all() const {
    std::vector<Json> found;
    if (!std::filesystem::exists(file_)) return found;
    std::istringstream lines(cli_.read(file_));
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) found.push_back(Json::parse(line));
    return found;
  }
  /// After the last announcing process has ended.
  std::vector<Json> in_the_end() {
    REQUIRE(eventually([&] {
      const Json rows = records();
      return std::none_of(rows.begin(), rows.end(), [](const Json& row) {
        return row["delivery"] == "owed" || row["delivery"] == "taken" || row["delivery"] == "sending";
      });
    }));
    return all();
  }
  Json records() { return Json::parse(cli_.run("notifications --json").expect(0).out)["notifications"]; }

 private:
  Cli& cli_;
  std::string file_;
};

}  // namespace delegate::test
