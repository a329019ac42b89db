#pragma once
#include "core/run/engine.hpp"
#include "core/run/request.hpp"

// What a run that waits is to ask, in a private file beside the store: so that another process can run it should its
// own be killed. Gone once it begins; in the database a prompt would outlive its row.
namespace delegate::jobs {

Status save_request(const Engine& engine, const Request& request);
Result<Request> load_request(const Engine& engine, const std::string& id);
void remove_saved_request(const Engine& engine, const std::string& id);

}  // namespace delegate::jobs
