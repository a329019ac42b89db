#include <algorithm>

#include "cli/commands/context.hpp"
#include "cli/render/quota.hpp"
#include "cli/request/request_builder.hpp"
#include "core/run/budgets.hpp"
#include "core/run/refresh_quota.hpp"

namespace delegate::cli {
namespace {

struct QuotaOptions {
  std::vector<std::string> backends;  // empty: all
  bool refresh = false;
  bool in_short = false;
};
constexpr OptionRow kQuotaOptions[] = {
    {.value = "BACKEND",
     .help = "Backends or logins to show (default: all)",
     .kind = ValueKind::candidates,
     .store = into<&QuotaOptions::backends>},
    {.names = "--refresh",
     .help = "Ask the CLIs first; some need a real one-line call",
     .more = "A CLI that can be asked without a call to a model is asked so. The others get the smallest call, as "
             "`delegate ping` makes it, which may cost something. delegate never uses the token that a CLI has stored.",
     .store = into<&QuotaOptions::refresh>},
    {.names = "--short",
     .help = "One line for prompts: what is left, like \"claude 9% codex 58%\"",
     .store = into<&QuotaOptions::in_short>},
    json_flag("Print JSON"),
};
constexpr Exclusion kQuotaExclusions[] = {
    {"--short", {"--refresh", "--json"}, "--short only reads what is known, for prompts that are shown all the time"}};
constexpr std::string_view kQuotaExamples[] = {
    "delegate quota",
    "delegate quota --refresh codex",
    "delegate quota --short",
};

/// The candidates that were named, or all.
tl::expected<std::vector<std::string>, Error> wanted_candidates(const Config& config,
                                                                const std::vector<std::string>& names) {
  if (names.empty()) return config.candidates();
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    if (config.backend(name) == nullptr) return tl::unexpected(unknown_backend("quota", config, name));
    for (std::string& candidate : config.candidates(name))
      if (std::find(wanted.begin(), wanted.end(), candidate) == wanted.end()) wanted.push_back(std::move(candidate));
  }
  return wanted;
}

bool is_among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A prompt waits for it, so it says nothing if there is nothing to say, for whatever reason.
CommandResult print_short(const CommandContext& context, const std::vector<std::string>& wanted) {
  auto quotas = inspect::known_quotas(context.engine());
  if (!quotas) return kAnswered;
  std::erase_if(*quotas, [&](const auto& one) { return !is_among(one.name, wanted); });
  return context.output.answer(quota_in_short(*quotas));
}

/// Why it cannot be asked at all; nothing: it can.
std::optional<Error> why_not_asked(const tl::expected<Candidate, Unavailable>& candidate) {
  if (!candidate) return Error{Code::not_found, message_of(candidate.error()), {}};
  if (!candidate->backend->reports_quota()) return Error{Code::unavailable, "reports no windows", {}};
  return std::nullopt;
}

/// One after another, because each starts a CLI. Only those that report anything; a service without a CLI only if it
/// was named. One that was named and cannot be asked is a problem.
std::vector<QuotaRefresh> refresh(const CommandContext& context, const QuotaOptions& options,
                                  const std::vector<std::string>& wanted) {
  std::vector<QuotaRefresh> refreshed;
  for (const std::string& name : wanted) {
    const auto candidate = find_candidate(context.engine(), name);
    const bool is_named = !options.backends.empty();
    if (auto problem = why_not_asked(candidate)) {
      if (is_named) refreshed.push_back({.backend = name, .can_be_asked = false, .problem = std::move(problem)});
      continue;
    }
    if (!is_named && !candidate->backend->is_process()) continue;
    context.output.progress("asking " + name + " …");
    refreshed.push_back(refresh_quota(context.engine(), *candidate, context.world.interrupted));
    context.output.progress({});
    if (context.world.interrupted.cancelled()) break;
  }
  return refreshed;
}

/// One line each to stderr: which needed a call, and which failed.
void say_refreshed(const Output& output, const std::vector<QuotaRefresh>& refreshed) {
  for (const QuotaRefresh& one : refreshed) {
    if (one.problem)
      output.error({one.problem->code, "quota: " + one.backend + ": " + one.problem->what, one.problem->hint});
    else if (!one.was_asked) output.note("delegate: quota: " + one.backend + " was asked with a one-line call");
  }
}

/// Those of the backends that are shown, also of one of which only a login is; without names all.
Result<std::vector<BudgetState>> budgets_of(const Engine& engine, const QuotaOptions& options,
                                            const std::vector<std::string>& wanted) {
  TRY(std::vector<BudgetState> budgets, budget_states(engine));
  if (options.backends.empty()) return budgets;
  std::erase_if(budgets, [&](const BudgetState& budget) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const std::string& name) { return candidate_name(name).backend == budget.backend; });
  });
  return budgets;
}

CommandResult show_quota(const CommandContext& context, const QuotaOptions& options) {
  const Output& output = context.output;
  auto wanted = wanted_candidates(context.config(), options.backends);
  if (!wanted) return fail_as(ErrorKind::usage, wanted.error());
  if (options.in_short) return print_short(context, *wanted);
  context.report_notice();
  QuotaOverview overview;
  if (options.refresh) {
    overview.refreshed = refresh(context, options, *wanted);
    if (context.world.interrupted.cancelled()) return context.interrupted();
    say_refreshed(output, overview.refreshed);
  }
  HostStatus status = status_of(context.engine(), SurveyDepth::only_read);
  if (!status.is_readable)
    return fail_internally("quota", {Code::unavailable, status.store.problem, "see `delegate doctor`"});
  std::erase_if(status.backends, [&](const BackendStatus& one) {
    const bool is_here = one.enabled && (one.installed != false || !one.quota.empty());
    return !is_among(one.name, *wanted) || (options.backends.empty() && !is_here);
  });
  overview.backends = std::move(status.backends);
  const auto budgets = budgets_of(context.engine(), options, *wanted);
  if (budgets) {
    overview.budgets = *budgets;
  } else {
    overview.budgets_problem = budgets.error().what;
    output.error({budgets.error().code, "quota: budgets: " + budgets.error().what, "see `delegate doctor`"});
  }
  const QuotaPage page{.now = status.now, .painted = output.is_painted()};
  const int written =
      output.answer(context.world.json ? quota_to_json(overview) + "\n" : quota_to_text(overview, page));
  const bool all_fresh = std::none_of(overview.refreshed.begin(), overview.refreshed.end(),
                                      [](const QuotaRefresh& one) { return one.problem.has_value(); });
  if (written != 0) return written;
  if (!budgets) return kInternal;
  return all_fresh ? kAnswered : kAllFailed;
}

}  // namespace

extern constexpr CommandRow kQuota{
    .name = "quota",
    .group = kAskGroup,
    .help = "Show how much of each quota window is left",
    .more =
        "The figures are those that the calls of each login have reported; what is not known is not shown as 0. "
        "Without --refresh it starts nothing.",
    .options = kQuotaOptions,
    .examples = kQuotaExamples,
    .exclusions = kQuotaExclusions,
    .needs = Needs::host,
    .run = run_with<show_quota>};

}  // namespace delegate::cli
