#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "cli/args/completion.hpp"
#include "cli/commands/context.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/health/outcome.hpp"
#include "core/health/outcome_words.hpp"

// What a shell offers while a line is typed: one word per line, a tab and a short description. Errors are not printed:
// they would appear in the line that is being typed.
namespace delegate::cli {
namespace {

constexpr int kMostRuns = 50;
constexpr std::size_t kLongestSummary = 40;

struct CompleteOptions {
  std::string what;  // "backends", "runs", "keys", …
};
constexpr OptionRow kCompleteOptions[] = {
    {.value = "WHAT",
     .help = "Kind of words to list",
     .presence = Presence::required,
     .store = into<&CompleteOptions::what>},
};

struct Offer {
  std::string word;
  std::string about;
};

/// Only words that need no quoting in any shell are offered.
bool is_plain(const std::string& word) {
  constexpr std::string_view kPlain = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._/@+-";
  return !word.empty() && word.front() != '-' && word.find_first_not_of(kPlain) == std::string::npos;
}

std::vector<Offer> backends(const Config& config) {
  std::vector<Offer> offers;
  for (const auto& [name, backend] : config.backends) {
    const std::string about = backend.enabled ? backend.kind : backend.kind + ", disabled";
    offers.push_back({name, about});
    for (const Login& login : backend.logins) offers.push_back({name + "@" + login.name, about});
  }
  return offers;
}

std::vector<Offer> candidates(const Config& config) {
  std::vector<Offer> offers = backends(config);
  offers.insert(offers.begin(), {std::string(kAuto), "the first that works"});
  return offers;
}

/// Every key by its full name, and the sections that they are in.
std::vector<Offer> keys(const Config& config) {
  std::map<std::string, std::string> docs;
  for (const KeyInfo& key : known_keys()) docs[key.name] = key.doc;
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : flatten(config)) {
    std::string documented = key;
    if (key.starts_with("backends."))
      if (const std::size_t end = key.find('.', 9); end != std::string::npos)
        documented = "backends.NAME" + key.substr(end), found[key.substr(0, end)] = "all of its keys";
    found[key] = docs[documented];
    found[key.substr(0, key.find('.'))] = "the section";
  }
  std::vector<Offer> offers;
  for (auto& [key, about] : found) offers.push_back({key, std::move(about)});
  return offers;
}

std::vector<Offer> outcomes() {
  std::vector<Offer> offers;
  for (int outcome = 0; outcome <= static_cast<int>(Outcome::internal); ++outcome)
    offers.push_back({std::string(to_string(static_cast<Outcome>(outcome))), {}});
  return offers;
}

/// Completion must not create a store.
bool has_store(const World& world, const Config& config) {
  std::error_code ignored;  // a path that cannot be read does not exist for us
  return config.state.store != "memory" && std::filesystem::exists(state_path(world, config.state), ignored);
}

std::string ago(milliseconds then, milliseconds now) {
  return format_took(std::max(now - then, milliseconds(0))) + " ago";
}

/// Background runs that have not ended, or only those of them that are not in the ledger yet.
enum class Unended { all, waiting };
std::vector<Offer> unended(const Engine& engine, Unended which) {
  std::vector<Offer> offers;
  const auto rows = engine.jobs() == nullptr ? Result<std::vector<JobRow>>{} : engine.jobs()->unended(kMostRuns);
  if (!rows) return offers;
  for (const JobRow& row : *rows) {
    const bool waits = row.state == JobRow::State::waiting;
    const std::string doing = row.doing.empty() ? waits ? "waiting" : "running" : one_line(row.doing);
    if (waits || which == Unended::all)
      offers.push_back({row.id, ago(row.submitted_at, engine.clock.now().wall) + ", " + doing});
  }
  return offers;
}

/// "5 m ago, codex, answered: why does the parser hang"
std::string about_run(const RunRow& row, milliseconds now) {
  std::string about = ago(row.started_at, now);
  for (const std::string& word : {row.backend, std::string(row.outcome.empty() ? "not ended" : words_for(row.outcome))})
    if (!word.empty()) about += ", " + word;
  return row.summary.empty() ? about : about + ": " + one_line(row.summary, kLongestSummary);
}

std::vector<Offer> runs(const Engine& engine, const std::function<bool(const RunRow&)>& is_offered) {
  const auto rows = engine.ledger == nullptr ? Result<std::vector<RunRow>>{} : engine.ledger->runs({.most = kMostRuns});
  std::vector<Offer> offers;
  if (!rows) return offers;
  for (const RunRow& row : *rows)
    if (is_offered(row)) offers.push_back({row.id, about_run(row, engine.clock.now().wall)});
  return offers;
}

/// Runs of the kind that a command works on.
std::vector<Offer> runs_for(const World& world, const Config& config, ValueKind kind) {
  if (!has_store(world, config)) return {};
  const Host host(world, config);
  const Engine& engine = host.engine();
  if (kind == ValueKind::unended) return unended(engine, Unended::all);
  if (kind == ValueKind::writing) return runs(engine, [](const RunRow& row) { return row.writes; });
  std::vector<Offer> offers = unended(engine, Unended::waiting);
  for (Offer& offer : runs(engine, [](const RunRow&) { return true; })) offers.push_back(std::move(offer));
  return offers;
}

/// The options of all commands: command, names, value, what completes it, fixed values.
std::string option_lines() {
  std::string text;
  const auto add = [&](std::string_view command, std::span<const OptionRow> all) {
    for (const OptionRow& option : all) {
      const auto fixed = fixed_values(all_commands(), option);
      text += std::string(command) + "\t" + std::string(option.names) + "\t" + value_of(option) + "\t" +
              std::string(completed_by(option.kind)) + "\t" +
              join(std::vector<std::string>(fixed.begin(), fixed.end()), " ") + "\n";
    }
  };
  add("", global_options());
  for (const CommandRow* command : all_commands())
    if (!command->is_hidden()) add(command->name, command->options);
  return text;
}

std::vector<Offer> offers_of(const World& world, const Configured& configured, const std::string& what) {
  const Config& config = configured.loaded.config;  // its names and keys are there even when a value is wrong
  if (what == "backends") return backends(config);
  if (what == "candidates") return candidates(config);
  if (what == "keys") return keys(config);
  if (what == "outcomes") return outcomes();
  for (const ValueKind kind : {ValueKind::runs, ValueKind::unended, ValueKind::writing})
    if (what == completed_by(kind) && configured.loaded.problems.empty()) return runs_for(world, config, kind);
  return {};
}

CommandResult run_complete(const CommandContext& context, const CompleteOptions& options) {
  if (options.what == "options") return context.output.answer(option_lines());
  const auto configured = configure(context.world, context.world.config_file, context.world.cwd);
  if (!configured) return kAnswered;
  std::string text;
  for (const Offer& offer : offers_of(context.world, *configured, options.what))
    if (is_plain(offer.word)) text += offer.word + "\t" + one_line(offer.about, 80) + "\n";
  return context.output.answer(text);
}

}  // namespace

extern constexpr CommandRow kComplete{.name = "complete", .options = kCompleteOptions, .run = run_with<run_complete>};

}  // namespace delegate::cli
