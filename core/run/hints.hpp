#pragma once
#include <string>
#include <string_view>

#include "core/run/backend.hpp"
#include "core/run/request.hpp"

// What a person can do about a failure. The general hints are a table in hints.cpp; a kind adds its own (how to sign
// in, what to install) through Backend::hints.
namespace delegate {

/// What to do about a failed call; empty after an answer or a cancel.
std::string hint_for(const Backend& backend, const Task& task, const Failure& failure);

/// The same for a notification: whole sentences of a few words, about an outcome by its stored name. Of the task only
/// the settings and the caller's environment are used. They contain
/// nothing of the failure itself, no path and no variable of a login, because other people may see the screen. A
/// backend that is not known any more is null.
std::string notice_for(const Backend* backend, const Task& task, std::string_view outcome_name);

/// The cause, for the title of a notification: as title_for, but a server of this person's that cannot be reached is
/// "not running".
std::string_view notice_title_for(const Backend* backend, const Task& task, std::string_view outcome_name);

/// Why a failure that its verdict would hold against the backend does not open the breaker; empty: it counts.
std::string why_not_counted(const UntrustedChanges& changed, Outcome outcome, Verdict verdict);

/// What to do about a backend that was requested by name and skipped.
std::string hint_for(const Backend& backend, const Task& task, const Skip& skip);

/// What to do if none of several backends was available or installed.
std::string_view hint_for_no_backend(Outcome outcome);

/// About an answer for which the backend was not allowed to use a tool.
std::string hint_for_denied(std::string_view tool, Access access);

/// About a call that was not made because its arguments contain a secret.
std::string_view hint_for_secret_argument();

/// About an answer that broke off after a part of it was shown.
std::string_view hint_for_broken_answer();
/// For a call that failed after it may have changed files.
std::string_view hint_for_half_change();

}  // namespace delegate
