#include <array>

#include "core/config/paths.hpp"
#include "core/inspect/context.hpp"
#include "core/os/file_system.hpp"

// The store: one file that all processes of the user share.
namespace delegate::inspect {
namespace {

constexpr const char* kState = "state";
constexpr std::uint64_t kLowSpace = 16u << 20;  // bytes

std::string octal(unsigned mode) {
  std::array<char, 8> text{};
  return {text.data(), static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%04o", mode))};
}

std::string fix_of(const Context& context) {
  if (context.engine().store_path.empty()) return "set HOME or XDG_STATE_HOME, or state.path";
  return "fix that, or set state.path to a file that you can write";
}

void check_file(const std::string& path, Findings& all) {
  const auto mode = file_mode(path);
  if (!mode) return;  // removed since it was read
  if (!mode->is_own)
    all.push_back(
        {FindingSeverity::warning, kState, "belongs to another user: " + path, "set state.path to a file of yours"});
  if ((mode->permissions & 077U) != 0)
    all.push_back({FindingSeverity::warning, kState,
                   "accessible to other users (mode " + octal(mode->permissions) + ")", "chmod 600 " + path});
}

void check_file_system(const std::string& path, Findings& all) {
  const auto place = file_system_of(Path(path).parent_path());
  if (!place) return;
  if (place->is_remote)
    all.push_back({FindingSeverity::warning, kState, "is on " + place->name + ", where file locks may not work",
                   "set state.path to a local directory"});
  if (place->is_memory)
    all.push_back({FindingSeverity::note, kState, "is on " + place->name + ": lost when this machine restarts"});
  if (place->free < kLowSpace)
    all.push_back({FindingSeverity::warning, kState,
                   "has " + std::to_string(place->free >> 10) + " KiB free on its file system",
                   "free some space, or set state.path to another file system"});
}

}  // namespace

Findings check_state(const Context& context) {
  const StateStore::Description& store = context.status.store;
  if (!store.ok)
    return {
        {FindingSeverity::problem, kState, "cannot be used, so no breaker works: " + store.problem, fix_of(context)}};
  if (store.kind == "memory")
    return {{FindingSeverity::warning, kState,
             "is kept in memory: each shell starts with closed breakers, and there are no background runs",
             "set state.store = \"sqlite\""}};
  Findings all{{FindingSeverity::ok, kState, store.kind + " " + with_tilde(context.process, store.path)}};
  if (!context.engine().store->notice().empty())
    all.push_back({FindingSeverity::warning, kState, context.engine().store->notice()});
  check_file(store.path, all);
  check_file_system(store.path, all);
  return all;
}

}  // namespace delegate::inspect
