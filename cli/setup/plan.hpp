#pragma once
#include <string>
#include <string_view>

#include "cli/setup/editors.hpp"

// What a registration, or its end, makes of the text of an editor's settings. Pure: nothing is read or written.
namespace delegate::cli::setup {

enum class Step { registered, updated, unchanged, removed, absent };

struct Plan {
  Step step = Step::unchanged;
  std::string after;  // the whole text
};

/// Fails when the text cannot be understood, when somebody else's server has our name, or when the change would not say
/// exactly what is meant; the error is without the file's name.
Result<Plan> plan_registration(const Editor& editor, std::string_view text, const Server& server);
Result<Plan> plan_removal(const Editor& editor, std::string_view text);

/// The arguments of an entry that is there, with what a person has added to them; whether it may write is setup's.
std::vector<std::string> arguments_for(const Server& registered, const Server& wanted);

/// The keys of an entry that a registration of this server would change.
std::vector<std::string> outdated(const Editor& editor, const Json& entry, const Server& server);

/// Does this entry start a delegate, wherever that is?
bool starts_delegate(const Json& entry);

}  // namespace delegate::cli::setup
