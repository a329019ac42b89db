#include "core/notify/notification_text.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::notify {
namespace {

constexpr std::size_t kLongestModel = 24;
constexpr std::string_view kNoSubstitute = "no other backend can answer";

/// "16:38", and with the day when it is not today.
std::string time_of(milliseconds at, milliseconds now, const char* with_day) {
  const bool today = format_local(at, "%F") == format_local(now, "%F");
  return format_local(at, today ? "%H:%M" : with_day);
}

/// Both ends stay, because either may be what distinguishes a name: "corporate…e@work".
std::string shortened(const std::string& name, std::size_t longest) {
  if (name.size() <= longest) return name;
  const std::size_t end = (longest - 1) / 3;
  return name.substr(0, longest - 1 - end) + "…" + name.substr(name.size() - end);
}

std::string titled(const std::string& name, const std::string& words) {
  return shortened(name, kLongestTitle - 2 - words.size()) + ": " + words;
}

bool is_cut(const std::string& name, const std::string& words) {
  return name.size() + 2 + words.size() > kLongestTitle;
}

/// "claude and codex: unavailable", or how many if that is too long.
std::string joint_title(const NotificationRows& rows, const std::string& words) {
  std::string names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) names += i + 1 == rows.size() ? " and " : ", ";
    names += rows[i].subject;
  }
  const bool fits = names.size() + 2 + words.size() <= kLongestTitle;
  return fits ? names + ": " + words : std::to_string(rows.size()) + " backends: " + words;
}

/// A server may name its model by a path, or by anything else: only a plain name is shown.
std::string shown_model(const std::string& model) {
  const std::string name = model.substr(model.find_last_of("/\\") + 1);
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_:+@").find(c) != std::string_view::npos;
  });
  return is_plain ? shortened(name, kLongestModel) : std::string();
}

/// Never a backend that is announced as unavailable, even if it has recovered: that is announced on its own.
const Substitute* substitute_for(const NotificationRows& trips, const OutageFacts& facts) {
  const auto is_available = [&](const Substitute& one) {
    return std::none_of(trips.begin(), trips.end(),
                        [&](const NotificationRow& trip) { return trip.subject == one.name; });
  };
  const auto found = std::find_if(facts.answering.begin(), facts.answering.end(), is_available);
  return found == facts.answering.end() ? nullptr : &*found;
}

std::string with_model(const Substitute& one) {
  const std::string model = shown_model(one.model);
  return one.name + (model.empty() ? "" : " (" + model + ")");
}

/// "ollama (qwen3:8b) answers meanwhile"
std::string substitute_words(const NotificationRows& trips, const OutageFacts& facts) {
  const Substitute* one = substitute_for(trips, facts);
  return one == nullptr ? std::string(kNoSubstitute) : with_model(*one) + " answers meanwhile";
}

std::string as_sentence(std::string words) {
  if (words == kNoSubstitute) words[0] = 'N';
  return words + ".";
}

/// "ollama (qwen3:8b) answers", without the model if that makes the line too long.
std::string substitute_line(const NotificationRows& trips, const OutageFacts& facts) {
  const Substitute* one = substitute_for(trips, facts);
  if (one == nullptr) return "No other backend can answer";
  const std::string line = with_model(*one) + " answers";
  return line.size() <= kLongestLine ? line : one->name + " answers";
}

/// "tried again with the first question after 16:38"; empty: not known.
std::string next_try(const NotificationRow& trip, const OutageFacts& facts) {
  if (!trip.retry_at) return {};
  if (*trip.retry_at <= facts.now) return "Tried again with the next question";
  return "Tried again with the first question after " + time_of(*trip.retry_at, facts.now, "%H:%M on %-d %b");
}

/// Of an outage that ends by itself, when that may be is what matters.
std::string single_message(const NotificationRow& trip, const OutageFacts& facts) {
  const std::string when = next_try(trip, facts);
  if (remedy_for(trip.outcome) == Remedy::wait && !when.empty())
    return when + "; " + substitute_words({trip}, facts) + ".";
  std::string message = facts.words_for(trip).remedy + " " + as_sentence(substitute_words({trip}, facts));
  return when.empty() ? message : message + " " + when + ".";
}

/// "Run gemini and sign in again." -> "Run gemini and sign in": what to do, but not why.
std::string brief(const std::string& remedy) {
  std::size_t end = remedy.ends_with('.') ? remedy.size() - 1 : remedy.size();
  for (const char* rest : {" again", " to ", " if ", ": "}) end = std::min(end, remedy.find(rest));
  return remedy.substr(0, end);
}

/// "run codex login", "timed out, retry 16:38", "rate limited until 16:38", "quota back 16:30, 22 Nov". One that needs
/// a person has no time, because it does not end at one.
std::string brief_words(const NotificationRow& trip, const OutageFacts& facts) {
  const OutageWords words = facts.words_for(trip);
  const Remedy remedy = remedy_for(trip.outcome);
  if (remedy == Remedy::act) {
    std::string what = brief(words.remedy);
    what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
    return what;
  }
  if (!trip.retry_at || *trip.retry_at <= facts.now) return words.cause;
  const std::string time = time_of(*trip.retry_at, facts.now, "%H:%M, %-d %b");
  if (remedy == Remedy::look) return words.cause + ", retry " + time;
  const bool is_quota = trip.outcome == to_string(Outcome::quota_exhausted);
  return (is_quota ? "quota back " : words.cause + " until ") + time;
}

/// What may help outages that may need a person; empty: there is none.
std::string advice_on(const NotificationRows& trips, const OutageFacts& facts) {
  std::string advice;
  for (const NotificationRow& trip : trips) {
    if (remedy_for(trip.outcome) != Remedy::look) continue;
    const std::string remedy = brief(facts.words_for(trip).remedy);
    if (!advice.empty() && advice != remedy) return "See delegate status";
    advice = remedy;
  }
  return advice;
}

/// A line for each backend, those that need a person first, as many as fit with the last line.
std::string joint_message(NotificationRows trips, const OutageFacts& facts) {
  const auto urgency = [](const NotificationRow& one, const NotificationRow& other) {
    return remedy_for(one.outcome) > remedy_for(other.outcome);
  };
  std::stable_sort(trips.begin(), trips.end(), urgency);
  constexpr std::size_t kRoom = kMostLines - 1;
  const std::size_t shown = trips.size() <= kRoom ? trips.size() : kRoom - 1;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(trips[i].subject + ": " + brief_words(trips[i], facts));
  if (shown < trips.size()) lines.push_back("and " + std::to_string(trips.size() - shown) + " more: delegate status");
  const std::string advice = lines.size() < kRoom ? advice_on(trips, facts) : std::string();
  if (!advice.empty()) lines.push_back(advice);
  lines.push_back(substitute_line(trips, facts));
  return join(lines, "\n");
}

std::string outage_of(const NotificationRow& recovery, const NotificationRows& all) {
  const auto trip = std::find_if(all.rbegin(), all.rend(), [&](const NotificationRow& row) {
    return row.kind == "trip" && row.subject == recovery.subject && row.id < recovery.id;
  });
  if (trip == all.rend()) return {};
  return "unavailable for " + format_took(std::max(recovery.first_seen - trip->first_seen, milliseconds(0)));
}

}  // namespace

NotificationText text_about(const std::string& name, const std::string& words, std::string message) {
  if (is_cut(name, words)) message += (message.empty() ? "(" : " (") + name + ")";
  return {titled(name, words), std::move(message)};
}

NotificationText text_of_trips(const NotificationRows& trips, const OutageFacts& facts) {
  if (trips.size() > 1) return {joint_title(trips, "unavailable"), joint_message(trips, facts)};
  return text_about(trips[0].subject, facts.words_for(trips[0]).cause, single_message(trips[0], facts));
}

std::string in_one_line(const std::string& message) {
  const std::vector<std::string_view> lines = split(message, '\n');
  return join(std::vector<std::string>(lines.begin(), lines.end()), "; ");
}

NotificationText text_of_sample(const std::string& backend, const OutageFacts& facts) {
  constexpr milliseconds kCooldown{60'000};
  const NotificationRow trip{.kind = "trip",
                             .subject = backend,
                             .outcome = std::string(to_string(Outcome::unauthenticated)),
                             .retry_at = facts.now + kCooldown};
  const std::string words = "signed out";
  const std::string test = "Test: ";
  const std::string name = shortened(backend, kLongestTitle - test.size() - 2 - words.size());
  return {test + name + ": " + words, single_message(trip, facts)};
}

NotificationText text_of_unstable(const NotificationRow& trip, const DampedOutage& damped, const OutageFacts& facts) {
  const std::string when = remedy_for(trip.outcome) == Remedy::wait ? next_try(trip, facts) : std::string();
  const std::string message = std::to_string(damped.outages) + " outages in " + format_took(damped.span) +
                              ", the last one: " + facts.words_for(trip).cause +
                              ". See delegate status. Further ones are not announced until there was none for " +
                              format_took(facts.settings.damping_within) + ". " +
                              as_sentence(substitute_words({trip}, facts)) + (when.empty() ? "" : " " + when + ".");
  return text_about(trip.subject, "unstable", message);
}

NotificationText text_of_recoveries(const NotificationRows& recoveries, const NotificationRows& all,
                                    const NotificationRows& still_out, const OutageFacts& facts) {
  const bool is_one = recoveries.size() == 1;
  std::vector<std::string> lines;
  for (const NotificationRow& trip : still_out)
    lines.push_back(trip.subject + " still out: " + brief_words(trip, facts));
  for (const NotificationRow& recovery : recoveries) {
    const std::string outage = outage_of(recovery, all);
    if (outage.empty()) continue;
    if (is_one && still_out.empty()) lines.push_back("It was " + outage + ".");
    else lines.push_back(recovery.subject + ": was " + outage + ".");
  }
  if (is_one) return text_about(recoveries[0].subject, "works again", join(lines, "\n"));
  return {joint_title(recoveries, "work again"), join(lines, "\n")};
}

}  // namespace delegate::notify
