#include "cli/commands/context.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"
#include "core/state/sqlite.hpp"

// Shortens the write-ahead log of the state, started by delegate itself.
namespace delegate::cli {
namespace {

struct ShortenLogOptions {
  std::string path;
};
constexpr OptionRow kShortenLogOptions[] = {
    {.value = "FILE", .help = "The state", .presence = Presence::required, .store = into<&ShortenLogOptions::path>},
};

CommandResult run_shorten_log(const CommandContext&, const ShortenLogOptions& options) {
  set_process_name("shorten-log");
  reset_signal_handlers();  // it may be killed at any time
  if (const Status done = shorten_log(options.path); !done) return fail_as(ErrorKind::internal, done.error());
  return kAnswered;
}

}  // namespace

extern constexpr CommandRow kShortenLog{
    .name = "shorten-log", .options = kShortenLogOptions, .run = run_with<run_shorten_log>};

}  // namespace delegate::cli
