#include "core/config/layers.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/checks.hpp"

namespace delegate::config {
namespace {

Origin at(Origin origin, Place place) {
  origin.line = place.line;
  origin.column = place.column;
  return origin;
}

/// `candidates` that end in the typed word: `cooldown` for `breaker.cooldown`.
std::string ending_in(std::string_view typed, const std::vector<std::string>& candidates) {
  for (const std::string& candidate : candidates)
    if (candidate.ends_with("." + std::string(typed))) return candidate;
  return {};
}

std::vector<std::string> names_of(const std::vector<Key>& keys) {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name());
  return names;
}

/// Matches the tables of one file with the schema.
class FileWalk {
 public:
  FileWalk(Origin file, LayerSettings& out, Problems& problems)
      : file_(std::move(file)), out_(out), problems_(problems) {}

  void root(const Node::Table& members) {
    for (const Node::Member& member : members) {
      if (problems_.full()) return problem(member.at, "", "", "");
      const std::vector<Key> keys = section_keys(scratch_, member.key);
      if (member.key == "backends") backends(member);
      else if (keys.empty()) unknown_section(member);
      else if (const Node::Table* table = table_of(member, member.key))
        section({member.key, "", names_of(keys)}, "", *table);
    }
  }

 private:
  struct Scope {
    std::string section;
    std::string backend;
    std::vector<std::string> names;

    std::string key(const std::string& name) const { return dotted(section, backend, name); }
  };

  void backends(const Node::Member& all) {
    const Node::Table* members = table_of(all, "backends");
    if (members == nullptr) return;
    static const std::vector<std::string> names = [] {
      BackendSettings backend;
      return names_of(backend_keys(backend));
    }();
    for (const Node::Member& member : *members) {
      if (problems_.full()) return problem(member.at, "", "", "");
      const std::string key = "backends." + one_line(member.key, 80);
      const Complaints complaints = check_backend_name(member.key);
      for (const Complaint& complaint : complaints) problem(member.at, key, complaint.what, complaint.hint);
      if (!complaints.empty()) continue;
      const Node::Table* table = table_of(member, key);
      if (table == nullptr) continue;
      out_.backends.emplace(member.key, at(file_, member.at));
      section({"backends", member.key, names}, "", *table);
    }
  }

  void section(const Scope& scope, const std::string& prefix, const Node::Table& members) {
    for (const Node::Member& member : members) {
      if (problems_.full()) return problem(member.at, "", "", "");
      const std::string name = prefix + member.key;
      const auto is_inside = [&](const std::string& known) { return known.starts_with(name + "."); };
      const bool one_word = member.key.find('.') == std::string::npos;
      if (one_word && std::find(scope.names.begin(), scope.names.end(), name) != scope.names.end())
        out_.settings.push_back(
            {scope.section, scope.backend, name, member.value, at(file_, member.value.at), at(file_, member.at)});
      else if (one_word && std::any_of(scope.names.begin(), scope.names.end(), is_inside)) inner(scope, name, member);
      else unknown_key(scope, name, member);
    }
  }

  void inner(const Scope& scope, const std::string& name, const Node::Member& member) {
    if (const Node::Table* table = table_of(member, scope.key(name))) section(scope, name + ".", *table);
  }

  void unknown_section(const Node::Member& member) {
    std::vector<std::string> sections(section_names().begin(), section_names().end());
    sections.emplace_back("backends");
    std::string hint = suggestion(member.key, sections);
    if (hint.empty()) hint = suggestion_elsewhere(member.key);
    const bool table = std::holds_alternative<Node::Table>(member.value.value);
    problem(member.at, one_line(member.key, 80), table ? "unknown section" : "unknown key", hint);
  }

  std::string suggestion_elsewhere(const std::string& typed) {
    for (const std::string_view section : section_names())
      for (const Key& key : section_keys(scratch_, section))
        if (key.is(typed)) return "it belongs to [" + std::string(section) + "]";
    return {};
  }

  void unknown_key(const Scope& scope, const std::string& name, const Node::Member& member) {
    problem(member.at, one_line(scope.key(name), 200), "unknown key",
            did_you_mean(ending_in(name, scope.names), suggestion(name, scope.names)));
  }

  const Node::Table* table_of(const Node::Member& member, const std::string& key) {
    const Node::Table* table = std::get_if<Node::Table>(&member.value.value);
    if (table == nullptr) problem(member.value.at, key, "expected a table, found " + describe(member.value), "");
    return table;
  }

  void problem(Place place, std::string key, std::string what, std::string hint) {
    problems_.add({at(file_, place), std::move(key), std::move(what), std::move(hint)});
  }

  Origin file_;
  LayerSettings& out_;
  Problems& problems_;
  Config scratch_;  // only for its key names
};

}  // namespace

LayerSettings from_file(const ConfigFile& file, Layer layer, Problems& problems) {
  LayerSettings out;
  Document document = read_toml(file, layer);
  out.readable = !document.problem;
  if (document.problem) problems.add(*std::move(document.problem));
  FileWalk(Origin{layer, file.path}, out, problems).root(document.members);
  return out;
}

}  // namespace delegate::config
