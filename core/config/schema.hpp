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

// The keys as data: what each is called, where its value lives, what it may be. Everything else is generic over this.
namespace delegate::config {

/// Why a value cannot be used.
struct Complaint {
  std::string what;
  std::string hint;
  std::string below;  // what it is about inside the value: "[1].match"
  Place at;           // where inside the value; 0: the value itself
};
using Complaints = std::vector<Complaint>;
using Words = std::span<const std::string_view>;

/// What a value must be beside its type.
struct Rule {
  std::string_view name;  // within its section: "cooldown", "env.keep"
  std::string_view doc;   // one line
  std::int64_t min = 0;   // integers, and milliseconds of durations
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view below_min = {};  // hint when it is less
  Words words = {};                 // the texts that it, or each of its elements, may be; empty: any
  Words ignored_words = {};         // elements of a list that are accepted and left out: they have no effect yet
  Complaints (*check)(const std::string& text) = nullptr;  // of a text, and of each text of a list
  Complaints (*check_list)(const std::vector<std::string>& texts) = nullptr;
  bool one_is_a_list = false;            // a lone text is a list of one
  bool restricted = false;               // what runs, connects or stores: not from a project's file
  std::string_view without_effect = {};  // why the key is accepted but changes nothing; empty: it has an effect
  std::string_view kinds = {};           // of backends that have it, separated by blanks; empty: all
};

using Slot = std::variant<bool*, int*, milliseconds*, std::string*, std::vector<std::string>*,
                          std::vector<FailureRule>*, std::vector<Login>*>;

/// One key of one section or backend, ready to be set.
struct Key {
  std::string_view prefix;  // "" or "breaker." (of a backend)
  const Rule* rule;
  Slot slot;

  std::string name() const { return std::string(prefix).append(rule->name); }
  bool is(std::string_view name) const { return name.starts_with(prefix) && name.substr(prefix.size()) == rule->name; }
  bool applies_to(std::string_view kind) const;
};

/// The sections other than `backends`, in the order in which they are shown.
std::span<const std::string_view> section_names();
/// Keys of a section; none when it is not known. They point into `config`.
std::vector<Key> section_keys(Config& config, std::string_view section);
std::vector<Key> backend_keys(BackendSettings& backend);

Words backend_kinds();

/// What a backend of this kind starts from; the breaker is the built-in one.
BackendSettings kind_defaults(const std::string& kind);

/// The value as text, the same for the same value.
std::string to_text(const Slot& slot);

}  // namespace delegate::config
