#include <algorithm>
#include <filesystem>
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

/// Jobs that are not in the ledger yet.
void add_waiting(Jobs& jobs, milliseconds now, std::vector<Offer>& offers) {
  const auto rows = jobs.unended(kMostRuns);
  if (!rows) return;
  for (const JobRow& row : *rows)
    if (row.state == JobRow::State::waiting)
      offers.push_back({row.id, format_took(std::max(now - row.submitted_at, milliseconds(0))) + " ago, waiting"});
}

std::vector<Offer> runs(const World& world, const Config& config) {
  if (!has_store(world, config)) return {};
  const Host host(world, config);
  if (host.engine().ledger == nullptr) return {};
  const auto rows = host.engine().ledger->runs({.most = kMostRuns});
  if (!rows) return {};
  const milliseconds now = world.clock.now().wall;
  std::vector<Offer> offers;
  if (Jobs* jobs = host.store()->jobs()) add_waiting(*jobs, now, offers);
  for (const RunRow& row : *rows) {
    std::string about = format_took(std::max(now - row.started_at, milliseconds(0))) + " ago";
    for (const std::string& word :
         {row.backend, std::string(row.outcome.empty() ? "not ended" : words_for(row.outcome))})
      if (!word.empty()) about += ", " + word;
    offers.push_back({row.id, std::move(about)});
  }
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
  if (what == "runs" && configured.loaded.problems.empty()) return runs(world, config);
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
