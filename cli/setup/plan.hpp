#pragma once
#include <string>
#include <string_view>

#include "cli/setup/editors.hpp"

// Computes the text of an editor's settings after a registration or its removal. Pure: nothing is read or written.
namespace delegate::cli::setup {

enum class Step { registered, updated, unchanged, removed, absent };

struct Plan {
  Step step = Step::unchanged;
  std::string after;  // the whole text
};

/// Fails if the text cannot be parsed, if another server has our name, or if the change would have side effects. The
/// error does not contain the name of the file; its hint has what to add by hand, in the form that fits this text.
Result<Plan> plan_registration(const Editor& editor, std::string_view text, const Server& server);
/// `remains` says what was there before the entry; without them, tables that become empty are removed.
Result<Plan> plan_removal(const Editor& editor, std::string_view text, const Remains& remains = {});

/// The arguments for an existing entry: those that the user added stay; only --allow-write follows `wanted`.
std::vector<std::string> arguments_for(const Server& registered, const Server& wanted);

/// The keys of an entry that a registration of this server would change.
std::vector<std::string> outdated(const Editor& editor, const OrderedJson& entry, const Server& server);

/// Does this entry start delegate, in any directory?
bool starts_delegate(const OrderedJson& entry);

}  // namespace delegate::cli::setup
