#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/backend.hpp"

// Which variables hold a key or a token for an AI service, and for whose.
namespace delegate {

enum class Service { anthropic, openai, google, vertex, bedrock, foundry, other };

/// The service that this variable holds a key, a token or a header with one for; none: it holds nothing of the kind.
/// Known by its name, or by the shape of its value, in capitals or not. Keys of other services (GITHUB_TOKEN,
/// AWS_ACCESS_KEY_ID) are none: the programs that a CLI starts may need them.
std::optional<Service> service_of_key(const std::string& name, const std::string& value);

/// What a CLI gets of these without `env.keep`.
struct OwnKeys {
  std::vector<std::string> sign_in = {};  // variables with the sign-in of the CLI itself (its subscription)
  std::optional<Service> vendor = {};     // everything for this one but what selects or bills an account
  std::vector<Service> switched_to = {};  // everything for these: a documented variable makes the CLI use them
};

/// As the child sees it, is this documented switch of a CLI on?
bool is_switched_on(const Task& task, const std::string& variable);

/// Is the variable removed from the environment of the child?
bool is_kept_away(const Task& task, const OwnKeys& own, const std::string& name, const std::string& value);

}  // namespace delegate
