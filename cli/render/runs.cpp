#include "cli/render/runs.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/render/figures.hpp"
#include "cli/render/table.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/quota/words.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLongestPlace = 24;
constexpr int kLeastOfPrompt = 12;  // columns

bool is_answered(const std::string& outcome) {
  const auto known = outcome_named(outcome);
  return known && is_answer(*known);
}

std::string label(const std::string& backend, const std::string& model) {
  return model.empty() ? backend : backend + "/" + model;
}

/// "claude > codex/gpt-5": the backends in the order in which they were called.
std::string backends_text(const PastRun& run) {
  std::vector<std::string> names;
  for (const AttemptRow& attempt : run.attempts)
    names.push_back(is_answered(attempt.outcome) ? label(attempt.backend, attempt.model) : attempt.backend);
  if (names.empty()) return run.doing.empty() ? kUnknown : one_line(run.doing);
  return one_line(join(names, " > "));
}

std::string run_outcome(const PastRun& run) {
  return run.state == PastRun::State::waiting ? "queued" : std::string(words_for(outcome_or_state(run)));
}

std::string ago(milliseconds then, milliseconds now) { return format_took(std::max(now - then, milliseconds(0))); }

std::string fitted(std::string text, const Page& page) {
  if (page.columns <= 0) return text;
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += cut_to_columns(line, page.columns) + "\n";
  out.pop_back();  // the text after the last newline is not a line
  return out;
}

/// Under a subscription what a call is said to cost is not paid for, unless it was billed extra.
bool is_at_list_price(const PastRun& run) {
  return std::any_of(run.attempts.begin(), run.attempts.end(), [&](const AttemptRow& attempt) {
    const auto& windows = attempt.quota_after;
    return attempt.backend == run.row.backend && !attempt.billed_extra &&
           std::any_of(windows.begin(), windows.end(),
                       [](const WindowView& window) { return is_of_subscription(window.name); });
  });
}

std::string usage_text(const Usage& usage, bool at_list_price) {
  std::vector<std::string> parts;
  if (usage.input_tokens) parts.push_back(with_thousands(*usage.input_tokens) + " tokens in");
  if (usage.output_tokens) parts.push_back(with_thousands(*usage.output_tokens) + " out");
  if (usage.cost_usd) parts.push_back(dollars(usage.cost_usd) + (at_list_price ? " (list price)" : ""));
  return join(parts, ", ");
}

std::string marks(const AttemptRow& attempt) {
  std::vector<std::string> words;
  if (attempt.probe) words.emplace_back("probe");
  if (!is_answered(attempt.outcome)) words.emplace_back(attempt.counted ? "counted" : "not counted");
  if (attempt.tripped) words.emplace_back("opened the breaker");
  if (attempt.recovered) words.emplace_back("closed the breaker");
  return join(words, ", ");
}

/// For a run without attempts. An attempt is stored when it ends, so the current one of a running run is missing.
std::string no_attempts_text(const PastRun& run) {
  switch (run.state) {
    case PastRun::State::ended: return "no backend was called\n";
    case PastRun::State::waiting: return "no backend was called yet\n";
    case PastRun::State::running: return "no attempt has finished yet\n";
    case PastRun::State::killed: break;
  }
  return "no attempt has finished\n";
}

/// What a failure that was not recognised printed, to be looked into or reported; not what its message says already.
std::string last_lines_text(const AttemptRow& attempt, const Page& page) {
  const std::string& lines = attempt.last_lines;
  if (lines.empty() || attempt.message.ends_with(lines)) return {};
  std::string out;
  for (const std::string_view line : split(lines, '\n'))
    out += "    | " + std::string(page.is_terminal ? escape_controls(line) : line) + "\n";
  const std::string exit_code = attempt.exit_code ? ", exit code " + std::to_string(*attempt.exit_code) : "";
  out += "    | delegate " DELEGATE_VERSION ", " + attempt.backend + exit_code + "\n";
  return out + "    not recognised: to report it, send the lines that begin with | and the version of the backend\n";
}

/// "quota: 5 h 37 % -> 41 % used, week 42 %": a share that the call did not change is there once.
std::string quota_text(const AttemptRow& attempt) {
  std::vector<std::string> parts;
  for (const WindowView& window : attempt.quota_after) {
    const auto before = std::find_if(attempt.quota_before.begin(), attempt.quota_before.end(),
                                     [&](const WindowView& one) { return one.name == window.name; });
    const std::string now = used_percent_words(window);
    std::string part = one_line(window_words(window.name)) + " ";
    if (before != attempt.quota_before.end() && used_percent_words(*before) != now)
      part += used_percent_words(*before) + " -> ";
    parts.push_back(part + now + (parts.empty() ? " used" : ""));
  }
  if (attempt.billed_extra) parts.emplace_back("billed extra");
  return parts.empty() ? std::string() : "    quota: " + join(parts, ", ") + "\n";
}

std::string attempts_text(const PastRun& run, const Page& page) {
  if (run.attempts.empty()) return no_attempts_text(run);
  std::vector<std::vector<std::string>> rows;
  for (const AttemptRow& attempt : run.attempts)
    rows.push_back({std::to_string(attempt.number) + ".", one_line(label(attempt.backend, attempt.model)),
                    outcome_text(attempt, page.now), format_took(attempt.took), marks(attempt)});
  std::string out;
  const std::string lines = table(rows);
  std::size_t at = 0;
  for (const std::string_view line : split(lines, '\n')) {
    if (line.empty()) continue;
    out += std::string(line) + "\n";
    const std::string& message = run.attempts[at++].message;
    if (!message.empty()) out += "    " + one_line(message) + "\n";
    out += quota_text(run.attempts[at - 1]) + last_lines_text(run.attempts[at - 1], page);
  }
  return fitted(out, page);
}

std::string skips_text(const RunRow& row) {
  std::string out;
  for (const SkipRow& skip : row.skips) {
    out += "skipped: " + one_line(skip.backend) + " (" + std::string(words_for(skip.reason));
    if (skip.retry_in) out += ", retry in " + format_wait(*skip.retry_in);
    out += skip.message.empty() ? ")\n" : ": " + one_line(skip.message) + ")\n";
  }
  return out;
}

std::string text_block(const char* name, const std::optional<KeptText>& kept, bool is_kept_now, const char* key,
                       const Page& page) {
  if (!kept) {
    if (is_kept_now) return {};
    return std::string("\n") + name + ": not kept; " + key + " = true keeps them from now on\n";
  }
  std::string head = std::string("\n--- ") + name;
  if (!kept->is_whole()) head += " (" + with_thousands(kept->size) + " bytes, of which the middle was not kept)";
  return head + " ---\n" + with_newline(page.is_terminal ? escape_controls(kept->text) : kept->text);
}

std::vector<std::vector<std::string>> facts(const PastRun& run, const Page& page) {
  const RunRow& row = run.row;
  std::vector<std::vector<std::string>> lines{
      {"run", row.id}, {"when", format_rfc3339(row.started_at) + ", " + ago(row.started_at, page.now) + " ago"}};
  if (!row.cwd.empty()) lines.push_back({"where", one_line(row.cwd)});
  if (!row.requested_backend.empty())
    lines.push_back({"asked for", row.requested_backend + (row.task_type.empty() ? "" : ", " + row.task_type)});
  lines.push_back({"outcome", run_outcome(run) + (row.took ? " after " + format_took(*row.took) : std::string())});
  if (!run.doing.empty()) lines.push_back({"doing", one_line(run.doing)});
  if (!row.backend.empty()) lines.push_back({"answered by", one_line(label(row.backend, row.model))});
  if (const std::string usage = usage_text(row.usage, is_at_list_price(run)); !usage.empty())
    lines.push_back({"usage", usage});
  if (!row.session_id.empty())
    lines.push_back({"session", one_line(row.session_id) + "   (continue: delegate ask --session " +
                                    one_line(row.session_id) + " \"...\")"});
  return lines;
}

/// One column for each slot of the period: its number of calls, red if any of them failed.
std::string plot(const BackendTotals& totals, const Page& page) {
  std::int64_t most = 1;
  for (const auto& slot : totals.slots) most = std::max(most, slot.answered + slot.failed);
  std::string out;
  for (const auto& slot : totals.slots) {
    const std::int64_t calls = slot.answered + slot.failed;
    const auto level = static_cast<std::size_t>((calls * 8 + most - 1) / most);
    out += in_colour("31", bar_of_height(level, page.unicode), page.painted && slot.failed > 0);
  }
  return out;
}

std::string failures_text(const BackendTotals& totals) {
  std::vector<std::string> parts;
  for (const auto& [outcome, count] : totals.outcomes)
    if (!is_answered(outcome)) parts.push_back(std::string(words_for(outcome)) + " " + with_thousands(count));
  return join(parts, ", ");
}

/// In whole minutes, if it is at least one.
std::string length_of(const TotalsQuery& query) {
  const milliseconds length = query.until - query.since - milliseconds(1);  // `until` is exclusive
  if (length < std::chrono::minutes(1)) return format_duration(length);
  return format_duration(std::chrono::floor<std::chrono::minutes>(length));
}

/// The last part of a directory.
std::string place(const std::string& directory) {
  const std::size_t slash = directory.find_last_of('/');
  const std::string name = slash == std::string::npos ? directory : directory.substr(slash + 1);
  return directory.empty() ? kUnknown : one_line(name.empty() ? directory : name, kLongestPlace);
}

const char* colour_of(const PastRun& run) {
  if (run.state == PastRun::State::waiting || run.state == PastRun::State::running) return "33";
  return is_answered(run.row.outcome) ? "32" : "31";
}

/// Cuts the cells of the last column, so that each line fits.
void leave_room(std::vector<std::vector<std::string>>& rows, int columns) {
  std::vector<std::vector<std::string>> others = rows;
  for (auto& row : others) row.back() = "|";
  const std::string lines = table(others);
  const int before = display_width(lines.substr(0, lines.find('|')));
  for (auto& row : rows) row.back() = cut_to_columns(row.back(), std::max(columns - before, kLeastOfPrompt));
}

/// The plots as the last column, or as a table of their own if that would be too wide.
std::string beside_or_below(std::vector<std::vector<std::string>> rows,
                            const std::vector<std::vector<std::string>>& plots, int plot_columns, const Page& page) {
  std::string alone = table(rows);
  int widest = 0;
  for (const std::string_view line : split(alone, '\n')) widest = std::max(widest, display_width(line));
  if (page.columns > 0 && widest + 2 + plot_columns > page.columns) return fitted(alone, page) + "\n" + table(plots);
  for (std::size_t at = 0; at < rows.size(); ++at) rows[at].push_back(plots[at].back());
  return table(rows);
}

}  // namespace

Score score_of(const BackendTotals& totals) {
  Score score;
  for (const auto& [outcome, count] : totals.outcomes) {
    score.calls += count;
    const auto known = outcome_named(outcome);
    if (known && is_answer(*known)) score.answered += count;
    else if (!known || traits(*known).on_call != Verdict::neutral) score.failed += count;
  }
  return score;
}

std::string list_to_text(const std::vector<PastRun>& runs, const Page& page) {
  std::vector<std::vector<std::string>> rows{{"RUN", "AGO", "OUTCOME", "TOOK", "BACKENDS", "WHERE", "PROMPT"}};
  for (const PastRun& run : runs)
    rows.push_back({run.row.id.substr(0, run.shown_of_id), ago(run.row.started_at, page.now), run_outcome(run),
                    took(run.row.took), backends_text(run), place(run.row.cwd),
                    run.row.summary.empty() ? kUnknown : run.row.summary});
  if (page.columns > 0) leave_room(rows, page.columns);
  for (std::size_t i = 1; i < rows.size(); ++i)
    rows[i][2] = in_colour(colour_of(runs[i - 1]), rows[i][2], page.painted);
  return table(rows);
}

std::string run_to_text(const PastRun& run, const HistorySettings& history, const Page& page) {
  std::string out = table(facts(run, page)) + "\n" + attempts_text(run, page) + skips_text(run.row);
  if (run.state == PastRun::State::waiting) return out;
  out += text_block("prompt", run.row.prompt, history.keep_prompts, "history.keep_prompts", page);
  out += text_block("answer", run.row.answer, history.keep_answers || run.row.backend.empty(), "history.keep_answers",
                    page);
  return out;
}

std::string totals_to_text(const std::vector<BackendTotals>& totals, const TotalsQuery& query, const Page& page) {
  std::vector<std::vector<std::string>> rows{{"BACKEND", "CALLS", "OK", "P50", "P95", "IN", "OUT", "COST", "TRIPS"}};
  std::vector<std::vector<std::string>> plots{{"BACKEND", "LAST " + length_of(query)}};
  std::string failures;
  for (const BackendTotals& one : totals) {
    const Score score = score_of(one);
    rows.push_back({one_line(one.backend), with_thousands(score.calls), percent_answered(score.answered, score.failed),
                    took(one.p50), took(one.p95), tokens(one.usage.input_tokens), tokens(one.usage.output_tokens),
                    dollars(one.usage.cost_usd), std::to_string(one.trips)});
    plots.push_back({one_line(one.backend), plot(one, page)});
    if (const std::string failed = failures_text(one); !failed.empty())
      failures += one_line(one.backend) + " without an answer: " + failed + "\n";
  }
  return beside_or_below(rows, plots, query.slots, page) + (failures.empty() ? "" : "\n" + failures);
}

}  // namespace delegate::cli
