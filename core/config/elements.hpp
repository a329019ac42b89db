#pragma once
#include "core/config/schema.hpp"

// The tables that stand in a list: what each of a backend's `failures` and `logins` may say.
namespace delegate::config {

Complaints read_element(const Node::Table& members, Place at, FailureRule& out);
Complaints read_element(const Node::Table& members, Place at, Login& out);

/// What only all of them together can tell.
Complaints check_elements(const std::vector<FailureRule>& rules, Place at);
Complaints check_elements(const std::vector<Login>& logins, Place at);

}  // namespace delegate::config
