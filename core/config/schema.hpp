#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/document.hpp"

// The keys as data: the name of each, where its value is stored and what is valid. All other code is generic over this.
namespace delegate::config {

/// Why a value cannot be used.
struct Complaint {
  std::string what;
  std::string hint;
  std::string below;  // the part of the value: "[1].match"
  Place at;           // of that part; 0: the value itself
};
using Complaints = std::vector<Complaint>;
using Choices = std::span<const std::string_view>;

/// What is valid for a value, in addition to its type.
struct Rule {
  std::string_view name;  // within its section: "cooldown", "env.keep"
  std::string_view doc;   // one line
  std::int64_t min = 0;   // integers, and milliseconds of durations
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view below_min = {};                         // hint for smaller values
  Choices choices = {};                                    // valid texts of the value or of its elements; empty: any
  Complaints (*check)(const std::string& text) = nullptr;  // for a text, and for each text of a list
  Complaints (*check_list)(const std::vector<std::string>& texts) = nullptr;
  bool one_is_a_list = false;  // a single text is a list of one
  UntrustedUse untrusted = UntrustedUse::undecided;
  std::string_view without_effect = {};  // why the key is accepted but changes nothing; empty: it has an effect
  std::string_view kinds = {};           // of backends that have it, separated by blanks; empty: all
};

using Slot = std::variant<bool*, int*, milliseconds*, std::string*, std::vector<std::string>*,
                          std::vector<FailureRule>*, std::vector<Login>*, BackendOrder*, std::vector<WindowShare>*,
                          std::vector<BudgetAmount>*, std::optional<double>*>;

/// One key of one section or backend, ready to be set.
struct Key {
  std::string_view prefix;  // "" or "breaker." (of a backend)
  const Rule* rule;
  Slot slot;

  std::string name() const { return std::string(prefix).append(rule->name); }
  bool is(std::string_view name) const { return name.starts_with(prefix) && name.substr(prefix.size()) == rule->name; }
  bool applies_to(std::string_view kind) const;
};

/// The sections other than `backends`, in the order of display.
std::span<const std::string_view> section_names();
/// The keys of a section, none if it is unknown. They point into `config`.
std::vector<Key> section_keys(Config& config, std::string_view section);
std::vector<Key> backend_keys(BackendSettings& backend);

Choices backend_kinds();

/// The defaults of a backend of this kind; its breaker has the built-in values.
BackendSettings kind_defaults(const std::string& kind);

/// The value as canonical text.
std::string to_text(const Slot& slot);

}  // namespace delegate::config
