#pragma once
#include "core/config/document.hpp"
#include "core/config/schema.hpp"

// Values that a key may have in several forms: an order with groups, shares of windows, amounts, a number. Both
// directions are here, so that they cannot differ.
namespace delegate::config {

/// Sets `out` if the value has one of the forms; otherwise returns why not.
Complaints read_value(const Node& value, BackendOrder& out);               // ["a", ["b", "c"]]
Complaints read_value(const Node& value, std::vector<WindowShare>& out);   // "15%" or { five_hour = "10%" }
Complaints read_value(const Node& value, std::vector<BudgetAmount>& out);  // "$5" or ["$5", "200 calls"]
Complaints read_value(const Node& value, std::optional<double>& out);      // a number from 0 on; "": none

Node node_of(const BackendOrder& order);
Node node_of(const std::vector<WindowShare>& shares);
Node node_of(const std::vector<BudgetAmount>& amounts);
Node node_of(const std::optional<double>& number);  // absent: an empty text

}  // namespace delegate::config
