#pragma once
#include <string>
#include <string_view>

#include "core/run/backend.hpp"
#include "core/run/request.hpp"

// The one thing that a person can do. What all kinds have in common is a table in hints.cpp; a kind adds a table with
// its own words (how to sign in, what to install) through Backend::hints.
namespace delegate {

/// What to do about the end of a call; empty after an answer and a cancel, where there is nothing to do.
std::string hint_for(const Backend& backend, const Task& task, const Failure& failure);

/// What to do about a candidate that was not tried although it was asked for by name.
std::string hint_for(const Backend& backend, const Task& task, const Skip& skip);

/// About a run in which nobody of several could be asked, or nobody is here.
std::string_view hint_for_no_backend(Outcome outcome);

/// About an answer that came, but without a tool that the backend was refused.
std::string hint_for_denied(std::string_view tool, Access access);

/// About a call that was not made because others could have read a secret in it.
std::string_view hint_for_secret_argument();

/// About words that were shown already, and will not become an answer.
std::string_view hint_for_broken_answer();

}  // namespace delegate
