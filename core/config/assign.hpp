#pragma once
#include <string_view>
#include <vector>

#include "core/config/document.hpp"
#include "core/config/schema.hpp"

namespace delegate::config {

/// Sets the key to the value if its type and rule allow it; otherwise returns why not and changes nothing.
Complaints assign(const Key& key, const Node& value);

/// Text from the environment as a value of the type of the key.
Node node_from_text(const Slot& slot, std::string_view text);

/// "duration", "list of strings": for people.
std::string_view type_name(const Slot& slot);

/// The elements of a backend's `failures` and `logins`, which are lists of tables.
Complaints read_element(const Node::Table& members, Place at, FailureRule& out);
Complaints read_element(const Node::Table& members, Place at, Login& out);

/// Checks that need all elements.
Complaints check_elements(const std::vector<FailureRule>& rules, Place at);
Complaints check_elements(const std::vector<Login>& logins, Place at);

}  // namespace delegate::config
