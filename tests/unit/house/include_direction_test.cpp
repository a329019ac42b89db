#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "tests/unit/house/sources.hpp"

// Which room may include which, and which file may use a library or a system header. Held by reading the #include lines
// of all sources. docs/architecture.md has the same tables.
using namespace delegate;
using Strings = std::vector<std::string>;

namespace {

using Rooms = std::set<std::string>;

Rooms operator+(Rooms one, const Rooms& more) {
  one.insert(more.begin(), more.end());
  return one;
}

const Rooms kOs{"core/base", "core/os"};
const Rooms kRun = kOs + Rooms{"core/config", "core/health", "core/quota", "core/state", "core/run"};
const Rooms kCore =
    kRun + Rooms{"core/route", "core/jobs", "core/notify", "core/inspect", "core/canary", "core/changes"};

/// What each room may include besides itself.
const std::map<std::string, Rooms> kMayInclude{
    {"core/base", {}},
    {"core/os", {"core/base"}},
    {"core/health", {"core/base"}},
    {"core/quota", {"core/base"}},
    {"core/route", {"core/base"}},
    {"core/config", kOs + Rooms{"core/quota"}},
    {"core/changes", kOs},
    {"core/state", kOs + Rooms{"core/health", "core/quota"}},
    {"core/run", kRun + Rooms{"core/route", "core/changes"}},
    {"core/jobs", kOs + Rooms{"core/run", "core/state"}},
    {"core/notify", kRun},
    {"core/notify/desktop", kOs + Rooms{"core/notify"}},  // a program of its own
    {"core/inspect", kRun},
    {"core/canary", kRun + Rooms{"core/jobs"}},
    {"core/mcp", {}},
    {"backends", {"core/base", "core/health", "core/quota", "core/run"}},  // pure: they never reach the system
    {"cli", kOs + Rooms{"core/config", "core/state", "core/run", "core/notify", "backends"}},
    {"cli/args", {"core/base", "core/config"}},
    {"cli/request", kOs + Rooms{"core/config", "core/state", "core/run"}},
    {"cli/render",
     {"core/base", "core/config", "core/health", "core/quota", "core/state", "core/run", "core/inspect",
      "core/canary"}},
    {"cli/markdown", Rooms{"core/base", "core/os"}},
    {"cli/terminal", kOs + Rooms{"core/health", "core/run", "core/inspect", "cli", "cli/markdown", "cli/render"}},
    {"cli/setup", kOs + Rooms{"core/config", "core/run", "core/inspect", "cli", "cli/render"}},
    {"cli/drill", kOs + Rooms{"core/config", "core/health", "core/run", "backends", "cli", "cli/render"}},
    {"cli/mcp", kOs + Rooms{"core/config", "core/health", "core/quota", "core/run", "core/jobs", "core/notify",
                            "core/inspect", "core/mcp", "cli", "cli/render", "cli/request"}},
    {"cli/commands", kCore + Rooms{"backends", "cli", "cli/args", "cli/markdown", "cli/render", "cli/request",
                                   "cli/terminal", "cli/setup", "cli/drill", "cli/mcp"}},
};

/// The system headers that a file outside core/os may include: exactly those that it does include.
const Strings kSystemHeaders{
    "cli/commands/mcp.cpp: fcntl.h poll.h unistd.h",
    "cli/drill/fake_behavior.cpp: fcntl.h",
    "cli/drill/fake_server.cpp: arpa/inet.h netinet/in.h poll.h sys/socket.h sys/time.h",
    "cli/drill/sandbox.cpp: poll.h",
    "cli/main.cpp: csignal",
    "cli/terminal/watch.cpp: poll.h",
    "core/config/project_file.cpp: fcntl.h sys/stat.h unistd.h",
    "core/config/trusted.cpp: fcntl.h sys/file.h sys/stat.h unistd.h",
    "core/jobs/job_status.cpp: csignal",
    "core/notify/desktop/deliver.cpp: unistd.h",
    "core/notify/desktop/main.cpp: unistd.h",
    "core/notify/desktop/session_bus.cpp: fcntl.h poll.h sys/socket.h sys/un.h unistd.h",
    "core/notify/desktop/watchdog.cpp: csignal sys/time.h",
    "core/notify/desktop_channel.cpp: sys/utsname.h unistd.h",
    "core/state/sqlite_files.cpp: fcntl.h sys/file.h sys/stat.h unistd.h",
};

bool is_header(std::string_view path) { return path.ends_with(".hpp"); }

/// Where a library's headers may be included; the key is how they begin.
using MayKnow = bool (*)(std::string_view path);
const std::map<std::string, MayKnow> kLibraries{
    {"CLI/", [](std::string_view path) { return path == "cli/args/parse.cpp"; }},
    {"toml", [](std::string_view path) { return path == "core/config/toml_reader.cpp"; }},
    {"sqlite3", [](std::string_view path) { return path == "core/state/sqlite_database.hpp"; }},
    {"curl/",
     [](std::string_view path) { return path.starts_with("core/os/curl_library.") || path == "core/os/http.cpp"; }},
    {"nlohmann/",
     [](std::string_view path) {
       const bool is_open = path == "core/base/json.hpp" || path.starts_with("core/mcp/");
       return is_open || !(path.starts_with("core/") && is_header(path));
     }},
    {"pcre2", [](std::string_view path) { return !is_header(path); }},
    {"utf8proc", [](std::string_view path) { return path == "core/base/utf8.cpp"; }},
    {"md4c", [](std::string_view path) { return path == "core/os/markdown_library.hpp"; }},
    {"yaml.h", [](std::string_view path) { return path == "cli/setup/yaml_tree.cpp"; }},
    {"absl/", [](std::string_view path) { return path == "core/run/reset_time.cpp"; }},
    {"systemd/", [](std::string_view path) { return path == "core/notify/desktop/session_bus.hpp"; }},
    {"tl/", [](std::string_view path) { return path == "core/base/result.hpp"; }},
    {"catch2/", [](std::string_view) { return false; }},
};

/// Not one of ours, of a library or of C++, whose names have neither a dot nor a slash. <csignal> is the one name of
/// C++ for a header of the system.
bool is_system_header(std::string_view name) {
  const auto is_of_library = [&](const auto& library) { return name.starts_with(library.first); };
  if (std::any_of(kLibraries.begin(), kLibraries.end(), is_of_library)) return false;
  return name == "csignal" || name.find_first_of("./") != std::string_view::npos;
}

/// `core/base` of `core/base/text.hpp`; empty: no room of this house. The longest name
/// wins: a room may be inside another.
std::string room_of(std::string_view path) {
  if (path == "cli/main.cpp") return "cli/commands";  // it starts their dispatcher
  std::string found;
  for (const auto& [room, others] : kMayInclude)
    if (path.starts_with(room + "/") && room.size() > found.size()) found = room;
  return found;
}

struct Include {
  std::string name;
  bool quoted = false;
};

std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> found;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.starts_with('#')) continue;
    line = trim(line.substr(1));
    if (!line.starts_with("include")) continue;
    line = trim(line.substr(7));
    const std::size_t end = line.find_first_of("\">", 1);
    if (end == std::string_view::npos) continue;
    found.push_back({std::string(line.substr(1, end - 1)), line.front() == '"'});
  }
  return found;
}

std::string complaint(const std::string& path, const Include& include) {
  const std::string from = room_of(path);
  const std::string said = path + " includes " + include.name;
  for (const auto& [begins, may_know] : kLibraries)
    if (include.name.starts_with(begins)) return may_know(path) ? "" : said + ": this library is not for it";
  if (!include.quoted) return {};
  const std::string to = room_of(include.name);
  if (from.empty()) return said + ": " + path + " is in no known room";
  if (to.empty()) return said + ": no path from the root of the project to a known room";
  return from == to || kMayInclude.at(from).count(to) != 0 ? "" : said + ": " + from + " may not know " + to;
}

/// One line for each #include of `text`, the source at `path`, that breaks the rule.
Strings complaints(const std::string& path, const std::string& text) {
  Strings all;
  for (const Include& include : includes_of(text))
    if (std::string one = complaint(path, include); !one.empty()) all.push_back(std::move(one));
  return all;
}

/// One line for each source outside core/os that includes system headers.
Strings system_headers_of(const test::Sources& sources) {
  Strings lines;
  for (const auto& [path, text] : sources) {
    std::set<std::string> names;
    for (const Include& include : includes_of(text))
      if (!include.quoted && is_system_header(include.name)) names.insert(include.name);
    if (!names.empty() && room_of(path) != "core/os") lines.push_back(test::table_line(path, names));
  }
  return lines;
}

Strings documented_system_headers() {
  const std::string text = test::text_at("docs/architecture.md");
  Strings lines;
  for (const std::string_view line : split(text, '\n'))
    if (line.substr(0, line.find(' ')).ends_with("pp:")) lines.emplace_back(line);
  return lines;
}

bool is_allowed(const std::string& path, const std::string& line) { return complaints(path, line).empty(); }

}  // namespace

TEST_CASE("every include follows the direction of the rooms, and libraries are only included where they may be") {
  const auto sources = test::all_sources();
  CHECK(sources.size() > 50);
  for (const auto& [path, text] : sources) CHECK(complaints(path, text) == Strings{});
}

TEST_CASE("every directory with sources is a room with a rule") {
  for (const auto& [path, text] : test::all_sources()) {
    INFO(path);
    CHECK_FALSE(room_of(path).empty());
  }
}

TEST_CASE("no two rooms include each other, directly or around a corner") {
  Rooms settled;
  Rooms open;
  for (const auto& [room, others] : kMayInclude) open.insert(room);
  for (bool has_settled = true; has_settled;) {
    has_settled = false;
    for (const auto& [room, others] : kMayInclude) {
      Rooms needed = others;
      needed.erase(room);
      if (open.count(room) == 0 || !std::includes(settled.begin(), settled.end(), needed.begin(), needed.end()))
        continue;
      settled.insert(room);
      open.erase(room);
      has_settled = true;
    }
  }
  CHECK(open == Rooms{});
}

TEST_CASE("an include against the direction is found") {
  CHECK_FALSE(is_allowed("core/run/run.cpp", "#include \"backends/claude.hpp\""));
  CHECK_FALSE(is_allowed("core/base/text.cpp", "#include \"core/os/file.hpp\""));
  CHECK_FALSE(is_allowed("core/os/file.cpp", "#include \"core/config/config.hpp\""));
  CHECK_FALSE(is_allowed("core/health/breaker.hpp", "#include \"core/os/clock.hpp\""));
  CHECK_FALSE(is_allowed("core/route/plan.cpp", "#include \"core/health/outcome.hpp\""));
  CHECK_FALSE(is_allowed("core/state/store.hpp", "#include \"core/run/run.hpp\""));
  CHECK_FALSE(is_allowed("core/config/load.cpp", "#include \"core/state/store.hpp\""));
  CHECK_FALSE(is_allowed("backends/claude.cpp", "#include \"cli/render/render.hpp\""));
  CHECK_FALSE(is_allowed("core/changes/git.cpp", "#include \"core/state/store.hpp\""));
  CHECK_FALSE(is_allowed("core/mcp/connection.cpp", "#include \"core/base/result.hpp\""));
  CHECK_FALSE(is_allowed("core/mcp/connection.cpp", "#include \"core/base/json.hpp\""));
  CHECK_FALSE(is_allowed("core/run/run.cpp", "#include \"core/mcp/connection.hpp\""));
  CHECK_FALSE(is_allowed("cli/mcp/server.cpp", "#include \"cli/commands/context.hpp\""));
  CHECK_FALSE(is_allowed("cli/drill/fake_backend.cpp", "#include \"cli/commands/context.hpp\""));
  CHECK_FALSE(is_allowed("cli/args/parse.cpp", "#include \"cli/commands/context.hpp\""));
  CHECK_FALSE(is_allowed("cli/args/usage.cpp", "#include \"cli/setup/editors.hpp\""));
  CHECK_FALSE(is_allowed("cli/terminal/progress_line.hpp", "#include \"cli/args/parse.hpp\""));
  CHECK_FALSE(is_allowed("cli/mcp/server.cpp", "#include \"cli/terminal/output.hpp\""));
  CHECK_FALSE(is_allowed("cli/request/request_builder.cpp", "#include \"cli/args/parse.hpp\""));
  CHECK_FALSE(is_allowed("cli/commands/ask.cpp", "#include \"core/notify/desktop/session_bus.hpp\""));
  CHECK_FALSE(is_allowed("cli/render/runs.cpp", "#include \"cli/terminal/output.hpp\""));
  CHECK_FALSE(is_allowed("cli/render/runs.cpp", "#include \"core/os/file.hpp\""));
  CHECK_FALSE(is_allowed("cli/request/request_builder.cpp", "#include \"cli/render/render.hpp\""));
  CHECK_FALSE(is_allowed("cli/setup/plan.cpp", "#include \"core/state/store.hpp\""));
  CHECK_FALSE(is_allowed("core/jobs/worker.cpp", "#include \"core/config/load.hpp\""));
  CHECK_FALSE(is_allowed("backends/claude.cpp", "#include \"core/os/child.hpp\""));
  CHECK_FALSE(is_allowed("core/run/run.cpp", "  #  include   \"cli/render/render.hpp\"  // odd, but one"));
}

TEST_CASE("outside core/os the system is used by the listed files only, and no more than the list says") {
  CHECK(system_headers_of(test::all_sources()) == kSystemHeaders);
  CHECK(documented_system_headers() == kSystemHeaders);
}

TEST_CASE("a system header outside core/os is found, by any of its names") {
  const auto found = [](const std::string& path, const std::string& line) { return system_headers_of({{path, line}}); };
  CHECK(found("core/jobs/worker.cpp", "#include <unistd.h>") == Strings{"core/jobs/worker.cpp: unistd.h"});
  CHECK(found("cli/mcp/server.cpp", "#include <sys/wait.h>\n#include <sched.h>") ==
        Strings{"cli/mcp/server.cpp: sched.h sys/wait.h"});
  CHECK(found("core/run/call.cpp", "#include <csignal>") == Strings{"core/run/call.cpp: csignal"});
  CHECK(found("core/os/pipe_io.cpp", "#include <poll.h>").empty());
  CHECK(found("core/jobs/worker.cpp", "#include <vector>\n#include <cerrno>").empty());
  CHECK(found("core/base/utf8.cpp", "#include <utf8proc.h>").empty());
  CHECK(found("core/base/utf8.cpp", "#include \"core/base/utf8.hpp\"").empty());
}

TEST_CASE("an include along the direction is allowed") {
  CHECK(is_allowed("cli/drill/scenario.cpp", "#include \"backends/registry.hpp\""));
  CHECK(is_allowed("cli/commands/ask.cpp", "#include \"cli/drill/scenario.hpp\""));
  CHECK(is_allowed("cli/mcp/server.cpp", "#include \"core/mcp/connection.hpp\""));
  CHECK(is_allowed("cli/mcp/ask_request.cpp", "#include \"cli/request/request_builder.hpp\""));
  CHECK(is_allowed("core/mcp/connection.cpp", "#include \"core/mcp/service.hpp\""));
  CHECK(is_allowed("core/notify/desktop/deliver.cpp", "#include \"core/notify/notice.hpp\""));
  CHECK(is_allowed("backends/claude.cpp", "#include \"core/run/backend.hpp\""));
  CHECK(is_allowed("core/run/run.cpp", "#include \"core/state/store.hpp\""));
  CHECK(is_allowed("core/state/store.hpp", "#include \"core/health/breaker.hpp\""));
  CHECK(is_allowed("core/base/text.cpp", "#include <vector>\n#include \"core/base/text.hpp\"\nint x;\n"));
  CHECK(is_allowed("core/base/text.cpp", "// #include \"cli/render/render.hpp\""));
}

TEST_CASE("an include that is not written from the root of the project is found") {
  CHECK_FALSE(is_allowed("core/base/text.cpp", "#include \"text.hpp\""));
  CHECK_FALSE(is_allowed("core/base/text.cpp", "#include \"../os/file.hpp\""));
  CHECK_FALSE(is_allowed("core/new/thing.cpp", "#include \"core/base/text.hpp\""));
}

TEST_CASE("a library that is included in the wrong place is found") {
  struct Row {
    const char* line;
    const char* good;
    const char* bad;
  };
  const Row rows[] = {{"#include <CLI/CLI.hpp>", "cli/args/parse.cpp", "cli/commands/ask.cpp"},
                      {"#include <CLI/CLI.hpp>", "cli/args/parse.cpp", "cli/args/parse.hpp"},
                      {"#include <toml++/toml.h>", "core/config/toml_reader.cpp", "core/config/config.hpp"},
                      {"#include <toml.hpp>", "core/config/toml_reader.cpp", "cli/commands/config.cpp"},
                      {"#include <sqlite3.h>", "core/state/sqlite_database.hpp", "core/state/sqlite.cpp"},
                      {"#include <curl/curl.h>", "core/os/curl_library.cpp", "core/os/http.hpp"},
                      {"#include <curl/curl.h>", "core/os/http.cpp", "backends/ollama.cpp"},
                      {"#include <nlohmann/json.hpp>", "core/state/codec.cpp", "core/state/codec.hpp"},
                      {"#include <nlohmann/json_fwd.hpp>", "core/base/json.hpp", "core/run/run.hpp"},
                      {"#include <pcre2.h>", "backends/signatures.cpp", "backends/signatures.hpp"},
                      {"#include <utf8proc.h>", "core/base/utf8.cpp", "core/base/utf8.hpp"},
                      {"#include <utf8proc.h>", "core/base/utf8.cpp", "cli/terminal/terminal.cpp"},
                      {"#include <absl/time/time.h>", "core/run/reset_time.cpp", "core/run/reset_time.hpp"},
                      {"#include <systemd/sd-bus.h>", "core/notify/desktop/session_bus.hpp", "core/notify/notice.cpp"},
                      {"#include <tl/expected.hpp>", "core/base/result.hpp", "core/run/backend.hpp"}};
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(is_allowed(row.good, row.line));
    CHECK_FALSE(is_allowed(row.bad, row.line));
  }
  CHECK_FALSE(is_allowed("core/base/text.cpp", "#include <catch2/catch.hpp>"));
}
