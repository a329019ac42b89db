#include "core/jobs/run_job.hpp"

#include <charconv>
#include <ctime>
#include <filesystem>

#include "cli/commands/context.hpp"
#include "core/base/text.hpp"
#include "core/jobs/job_request.hpp"
#include "core/os/pipe_io.hpp"
#include "core/os/process.hpp"
#include "core/os/startup.hpp"
#include "core/state/sqlite.hpp"

// The process of one background run, started by delegate itself.
namespace delegate::cli {
namespace {

struct RunJobOptions {
  std::string id;         // empty: the request comes on stdin
  std::string turn;       // that the dispatcher has given it
  bool is_spare = false;  // there is no request yet
};
constexpr OptionRow kRunJobOptions[] = {
    {.value = "ID", .help = "The run", .store = into<&RunJobOptions::id>},
    {.names = "--turn", .value = "N", .help = "The turn that it takes", .store = into<&RunJobOptions::turn>},
    {.names = "--spare", .help = "Prepare for a run that is still to come", .store = into<&RunJobOptions::is_spare>},
    json_flag("Print errors as JSON"),
};

/// The configuration and the store of a run, which can be opened before its request is there: that takes longer than
/// all that is left to do then. The configuration is read again for the request; if all its texts are the same, the
/// open store is kept, which notices by itself if its file was replaced.
class HostAhead {
 public:
  explicit HostAhead(const CommandContext& context) : context_(context) {}

  /// A configuration that cannot be used is an error of the request, if it still cannot then.
  void prepare() { static_cast<void>(host_in({})); }
  /// With the configuration as it is now for runs in `directory`; empty: in the one that this process was started in.
  tl::expected<const Host*, CommandError> host_in(const std::string& directory) {
    TRY(Configured now, usable_configuration(context_, directory, Notices::hidden));
    if (host_ && now.sources == configured_->sources && has_good_store()) return &*host_;
    host_.reset();
    configured_.emplace(std::move(now));
    host_.emplace(context_.world, configured_->loaded.config);
    return &*host_;
  }

 private:
  bool has_good_store() const { return host_->store() != nullptr && can_be_opened_again(*host_->store()); }

  const CommandContext& context_;
  std::optional<Configured> configured_;
  std::optional<Host> host_;
};

/// What can be done until the request comes.
void prepare(const CommandContext& context, HostAhead& ahead) {
  set_process_name("spare-job");
  if (!has_input(context.world.in)) ahead.prepare();
  if (!has_input(context.world.in)) get_ready_to_wait();
}

Status go_to(const std::string& directory) {
  std::error_code error;
  std::filesystem::current_path(directory, error);
  if (error) return fail_errno(one_line(directory) + ": cannot be entered", error.value());
  return {};
}

CommandResult serve_request(const CommandContext& context, bool is_spare) {
  HostAhead ahead(context);
  if (is_spare) prepare(context, ahead);
  jobs::Lifeline lifeline(context.world.in);
  const auto line = lifeline.read_request(context.world.interrupted);
  if (!line) return kInternal;  // the starter has ended
  set_process_name("run-job");
  ::tzset();  // the time zone may have changed while it waited
  TRY(const Request request, jobs::request_from(*line));
  TRY_STATUS(go_to(request.cwd));
  TRY(const Host* host, ahead.host_in(request.cwd));
  World here = context.world;
  here.cwd = request.cwd;
  return jobs::serve_job(here, host->engine(), own_command(context.world), request, lifeline);
}

CommandResult take_turn(const CommandContext& context, const RunJobOptions& options) {
  set_process_name("run-job");
  TRY(const Configured configured, usable_configuration(context, {}, Notices::shown));
  const Host host(context.world, configured.loaded.config);
  std::int64_t turn = 0;
  std::from_chars(options.turn.data(), options.turn.data() + options.turn.size(), turn);  // 0: no turn
  const auto served = jobs::serve_turn(context.world, host.engine(), own_command(context.world), options.id, turn);
  if (!served) return fail_as(ErrorKind::internal, served.error());
  return *served;
}

CommandResult run_job(const CommandContext& context, const RunJobOptions& options) {
  return options.id.empty() ? serve_request(context, options.is_spare) : take_turn(context, options);
}

}  // namespace

extern constexpr CommandRow kRunJob{.name = "run-job", .options = kRunJobOptions, .run = run_with<run_job>};

}  // namespace delegate::cli
