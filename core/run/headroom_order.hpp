#pragma once
#include "core/run/prepared_ask.hpp"

namespace delegate {

/// With router.balance = "headroom": puts equals of the plan, which are the logins of one backend or the members of a
/// list inside of the order, into the order in which their quota lasts longest, and notes why. Only then, and only if
/// the plan has equals, the store is read; one that cannot be read leaves the plan as it is written. The candidates
/// must have been looked up. A session stays with its backend.
void put_equals_in_order(const Engine& engine, PreparedAsk& ask);

}  // namespace delegate
