#pragma once
#include <string_view>

#include "core/config/document.hpp"
#include "core/config/schema.hpp"

namespace delegate::config {

/// Sets the key to the value when its type and rule allow it, else says why not and leaves it alone.
Complaints assign(const Key& key, const Node& value);

/// An element of a list that is accepted but left out.
bool is_ignored(const Rule& rule, const Node& element);

/// Text from the environment or the command line, as the value of the type that the key has.
Node node_from_text(const Slot& slot, std::string_view text);

/// "duration", "list of texts": for people.
std::string_view type_name(const Slot& slot);

}  // namespace delegate::config
