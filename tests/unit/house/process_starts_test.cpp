#include <catch2/catch.hpp>

#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "tests/unit/house/sources.hpp"

// A process that is started in passing inherits descriptors and signals, has no supervisor and outlives its caller. So
// only the files that docs/processes.md describes call what starts one; everything else calls them.
using namespace delegate;
using Strings = std::vector<std::string>;

namespace {

const Strings kStarts{
    "core/os/foreground_proxy.cpp: fork", "core/os/launch.cpp: posix_spawn vfork",
    "core/os/launch.hpp: fork",           "core/os/pager.cpp: popen",
    "core/os/startup.cpp: fork",          "core/os/supervisor.cpp: execve vfork",
};

std::string without_comments(const std::string& text) {
  std::string code;
  for (const std::string_view line : split(text, '\n')) code += std::string(line.substr(0, line.find("//"))) + "\n";
  return code;
}

/// The functions that `text` calls to start a process or to become another program, and such system calls.
std::set<std::string> starts_in(const std::string& text) {
  static const std::regex call(
      R"(\b(_Fork|v?fork|clone3?|f?exec(?:l|le|lp|v|ve|veat|vp|vpe)|posix_spawnp?|popen|system)\()"
      R"(|\b(SYS_(?:v?fork|clone3?|execve(?:at)?))\b)");
  const std::string code = without_comments(text);
  std::set<std::string> names;
  for (std::sregex_iterator at(code.begin(), code.end(), call), end; at != end; ++at)
    names.insert((*at)[1].matched ? (*at)[1].str() : (*at)[2].str());
  return names;
}

/// One line for each file that starts processes.
Strings starts_of(const test::Sources& sources) {
  Strings lines;
  for (const auto& [path, text] : sources)
    if (const auto names = starts_in(text); !names.empty()) lines.push_back(test::table_line(path, names));
  return lines;
}

}  // namespace

TEST_CASE("only the listed files start processes, and each of them does") {
  const auto sources = test::all_sources();
  CHECK(sources.size() > 50);
  CHECK(starts_of(sources) == kStarts);
}

TEST_CASE("a start of a process in passing is found") {
  const auto found = [](const std::string& text) { return starts_of({{"core/run/call.cpp", text}}); };
  CHECK(found("  if (::fork() == 0) run();\n") == Strings{"core/run/call.cpp: fork"});
  CHECK(found("  execvp(argv[0], argv);\n  ::vfork();\n") == Strings{"core/run/call.cpp: execvp vfork"});
  CHECK(found("  std::system(\"true\");") == Strings{"core/run/call.cpp: system"});
  CHECK(found("  ::syscall(SYS_clone3, &how, sizeof how);") == Strings{"core/run/call.cpp: SYS_clone3"});
}

TEST_CASE("a word about starting a process, and a function of our own, is no start") {
  CHECK(starts_in("  fork_into(in_child);  // like fork(), with signals blocked\n").empty());
  CHECK(starts_in("  return this_system() == kind ? spawn(spec) : store.execute(sql);\n").empty());
}
