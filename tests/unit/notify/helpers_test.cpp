#include "core/notify/helpers.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

#include "core/os/child.hpp"
#include "core/os/process.hpp"
#include "core/os/scratch_directory.hpp"

using namespace delegate;
using namespace delegate::notify::desktop;

namespace {

const HelperFacts kMac{.system = System::macos};
const HelperFacts kWsl{.system = System::linux_kernel,
                       .environment = {{"WSL_DISTRO_NAME", "Debian"}},
                       .kernel_release = "5.15.153.1-microsoft-standard-WSL2\n"};
const std::string kEvil = "$(touch /tmp/x) \"; exit '`\n\x1B[2J ä \xFF";

/// What a stand-in under this name, alone on PATH, gets of the call: its arguments line by line, then its stdin.
std::string received(const HelperCall& call, const std::string& name) {
  auto directory = ScratchDirectory::create(Directory::open(std::filesystem::temp_directory_path()).value());
  REQUIRE(directory.has_value());
  const Path stand_in = directory->path() / name;
  REQUIRE(replace_file(stand_in, "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexec /bin/cat\n", 0755).has_value());
  std::vector<std::string> argv;
  for (const std::string& known : call.names) {
    const std::string on_path = known.substr(known.rfind('/') + 1);
    if (const auto found = find_executable(on_path, directory->path().string()); found && argv.empty()) argv = {*found};
  }
  REQUIRE(argv.size() == 1);
  argv.insert(argv.end(), call.arguments.begin(), call.arguments.end());
  const auto done = run_child({.argv = argv, .input = call.input}, CancelToken());
  REQUIRE(done.has_value());
  return done->out.text();
}

}  // namespace

TEST_CASE("a helper is called only where the desktop belongs to another system") {
  CHECK(helper_call(kMac, "a", "b").has_value());
  CHECK(helper_call(kWsl, "a", "b").has_value());
  CHECK_FALSE(helper_call({.system = System::linux_kernel, .kernel_release = "6.1.0-18-amd64"}, "a", "b").has_value());
  CHECK_FALSE(helper_call({.system = System::other}, "a", "b").has_value());
}

TEST_CASE("a container on WSL, which has the kernel alone, is not WSL") {
  CHECK(is_wsl(kWsl));
  CHECK_FALSE(is_wsl({.system = System::linux_kernel, .kernel_release = kWsl.kernel_release}));
  CHECK_FALSE(is_wsl({.system = System::linux_kernel,
                      .environment = {{"WSL_DISTRO_NAME", "Debian"}},
                      .kernel_release = "6.1.0-18-amd64"}));
  CHECK_FALSE(
      is_wsl({.system = System::macos, .environment = kWsl.environment, .kernel_release = kWsl.kernel_release}));
}

TEST_CASE("a helper gets the text on stdin and nothing of it in its arguments") {
  for (const HelperFacts& facts : {kMac, kWsl}) {
    const auto calm = helper_call(facts, "a", "b");
    const auto evil = helper_call(facts, kEvil, kEvil);
    REQUIRE((calm && evil));
    CHECK(calm->arguments == evil->arguments);
    CHECK(calm->input == "{\"title\":\"a\",\"text\":\"b\"}\n");
  }
}

TEST_CASE("the text is ASCII and one line, whatever it was") {
  const auto call = helper_call(kWsl, kEvil, "ä");
  REQUIRE(call.has_value());
  CHECK(call->input == "{\"title\":\"$(touch /tmp/x) \\\"; exit '`  [2J \\u00e4 \\ufffd\",\"text\":\"\\u00e4\"}\n");
}

TEST_CASE("a script for Windows has no double quotes, which its command line would have to carry") {
  const auto call = helper_call(kWsl, "a", "b");
  REQUIRE(call.has_value());
  for (const std::string& argument : call->arguments) CHECK(argument.find('"') == std::string::npos);
}

TEST_CASE("a replacement for osascript or PowerShell gets script and text unchanged") {
  for (const auto& [facts, name] : {std::pair(kMac, "osascript"), std::pair(kWsl, "powershell.exe")}) {
    const auto call = helper_call(facts, kEvil, "b");
    REQUIRE(call.has_value());
    std::string all;
    for (const std::string& argument : call->arguments) all += argument + "\n";
    CHECK(received(*call, name) == all + call->input);
  }
}

TEST_CASE("delegate-notify is found beside the program, or below libexec") {
  CHECK(notifier_places("/usr/local/bin/delegate") ==
        std::vector<std::string>{"/usr/local/bin/delegate-notify", "/usr/local/libexec/delegate/delegate-notify"});
  CHECK(notifier_places("/delegate") ==
        std::vector<std::string>{"/delegate-notify", "/libexec/delegate/delegate-notify"});
  CHECK(notifier_places("delegate").empty());
  CHECK(notifier_places("").empty());
}
