#pragma once
#include "cli/host.hpp"

// What a run that waits is to ask, in a private file beside the store: so that another process can run it should its
// own be killed. Gone once it begins; in the database a prompt would outlive its row.
namespace delegate::cli {

Status park(const Host& host, const Request& request);
Result<Request> unpark(const Host& host, const std::string& id);
void forget_parked(const Host& host, const std::string& id);

}  // namespace delegate::cli
