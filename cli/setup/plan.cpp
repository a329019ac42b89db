#include "cli/setup/plan.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/setup/toml_edit.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::setup {
namespace {

/// A text that is being edited, and the settings it must contain at the end.
class Edit {
 public:
  Edit(const Editor& editor, std::string_view text, OrderedJson meaning)
      : editor_(editor), text_(text), meaning_(std::move(meaning)) {}

  const OrderedJson& settings() const { return meaning_; }
  const OrderedJson* at(const KeyPath& path) const { return setting_at(meaning_, path); }

  Status put(const KeyPath& path, const OrderedJson& value) {
    TRY(text_, put_setting(editor_.language, text_, path, value));
    OrderedJson* here = &meaning_;
    for (const std::string& key : path) here = &(*here)[key];
    *here = value;
    return {};
  }

  Status remove(const KeyPath& path, const Remains& remains) {
    TRY(text_, remove_setting(editor_.language, text_, path, remains));
    OrderedJson* here = &meaning_;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) here = &(*here)[path[i]];
    here->erase(path.back());
    return {};
  }

  /// The edited text, after checking that it contains exactly the intended settings.
  Result<std::string> checked(const Error& otherwise) {
    auto found = read_settings(editor_.language, text_);
    if (!found || comparable(*std::move(found)) != comparable(meaning_)) return tl::unexpected(otherwise);
    return std::move(text_);
  }

 private:
  /// Without the order of keys, and without an empty table of servers, which may stay or be removed.
  nlohmann::json comparable(OrderedJson settings) const {
    const KeyPath servers = editor_.servers();
    const OrderedJson* table = setting_at(settings, servers);
    if (table != nullptr && table->empty()) settings.erase(servers.front());
    return nlohmann::json(settings);
  }

  const Editor& editor_;
  std::string text_;
  OrderedJson meaning_;
};

/// What stands where the servers belong, if that is no table of them.
Status check_servers(const Editor& editor, const OrderedJson& settings, const OrderedJson& entry) {
  KeyPath path;
  for (const std::string& key : editor.servers()) {
    path.push_back(key);
    const OrderedJson* const there = setting_at(settings, path);
    if (there == nullptr || there->is_object()) continue;
    if (there->is_null() && editor.language == Language::yaml) continue;  // a key without a value yet
    const bool is_toml = editor.language == Language::toml;
    const std::string wanted = is_toml ? "a table" : editor.language == Language::yaml ? "a mapping" : "an object";
    const std::string found = there->is_array()    ? "a list"
                              : there->is_string() ? "a string"
                              : there->is_number() ? "a number"
                                                   : there->dump();
    return fail(Code::invalid_argument, join(path, ".") + " is " + found + ", not " + wanted,
                "rename or remove it, then add " +
                    (is_toml ? join(editor.path(), ".") + " = " + inline_toml(entry)
                             : line_json(path.back()) + ": " + line_json(OrderedJson{{"delegate", entry}})));
  }
  return {};
}

/// Why a text cannot be edited, with what to add by hand in the form that it uses.
Error cannot_edit(const Editor& editor, std::string_view text, const OrderedJson& entry) {
  const std::string servers = join(editor.servers(), ".");
  const TomlForm form = editor.language == Language::toml ? toml_form(text, editor.servers()) : TomlForm::header;
  if (form == TomlForm::braces)
    return {Code::invalid_argument, servers + " is an inline table, which delegate does not edit",
            "add inside its braces: delegate = " + inline_toml(entry)};
  if (form == TomlForm::dots)
    return {Code::invalid_argument, servers + " is written as keys with dots, where nothing is edited",
            "add beside them: " + join(editor.path(), ".") + " = " + inline_toml(entry)};
  return {Code::invalid_argument, "cannot be edited without changing other settings",
          "add it by hand: `delegate setup " + std::string(editor.name) + " --print` shows what"};
}

/// The error of an edit that was refused, with what to add by hand if it does not say.
Error with_hint(Error error, const Editor& editor, const OrderedJson& settings, const OrderedJson& entry) {
  if (!error.hint.empty()) return error;
  error.hint = "add it by hand: `delegate setup " + std::string(editor.name) + " --print` shows what";
  if (editor.language != Language::yaml || !settings.is_object()) return error;
  OrderedJson added{{"delegate", entry}};  // in those of its parents that do not exist yet
  for (KeyPath servers = editor.servers(); !servers.empty() && setting_at(settings, servers) == nullptr;
       servers.pop_back())
    added = OrderedJson{{servers.back(), std::move(added)}};
  const std::string braces = line_json(added);
  error.hint = "add to it, between its braces: " + braces.substr(1, braces.size() - 2);
  return error;
}

/// Where a key of an entry is: the CLI of Cline writes what starts the server into an object of its own.
KeyPath place_in_entry(const OrderedJson& entry, const std::string& key) {
  const bool is_start = key == "type" || key == "command" || key == "args";
  if (is_start && entry.is_object() && entry.contains("transport") && entry["transport"].is_object())
    return {"transport", key};
  return {key};
}

tl::unexpected<Error> name_taken(const Editor& editor) {
  return fail(Code::invalid_argument, join(editor.path(), ".") + " exists, but does not start delegate",
              "give that server another name, or remove it");
}

Result<OrderedJson> settings_of(const Editor& editor, std::string_view text) {
  auto settings = read_settings(editor.language, text);
  if (!settings)
    return fail(Code::invalid_argument, settings.error().what, "nothing was changed; fix the file, then try again");
  return settings;
}

/// Adds the members of `value` that are missing in `there`.
Status add_members(Edit& edit, const KeyPath& path, const OrderedJson& there, const OrderedJson& value) {
  if (value.is_object()) {
    for (const auto& item : value.items()) {
      KeyPath below = path;
      below.push_back(item.key());
      if (edit.at(below) == nullptr) TRY_STATUS(edit.put(below, item.value()));
    }
    return {};
  }
  OrderedJson both = there.is_array() ? there : OrderedJson::array();
  for (const OrderedJson& element : value)
    if (std::find(both.begin(), both.end(), element) == both.end()) both.push_back(element);
  return both == there ? Status() : edit.put(path, both);
}

bool has_members(const OrderedJson& there, const OrderedJson& value) {
  if (value.type() != there.type()) return value.empty();
  if (value.is_object()) {
    for (const auto& item : value.items())
      if (!there.contains(item.key())) return false;
    return true;
  }
  return std::all_of(value.begin(), value.end(), [&](const OrderedJson& element) {
    return std::find(there.begin(), there.end(), element) != there.end();
  });
}

bool is_up_to_date(const OrderedJson* there, const Setting& setting) {
  if (there == nullptr) return false;
  switch (setting.keep) {
    case Keep::always: return true;
    case Keep::members: return has_members(*there, setting.value);
    case Keep::larger: return there->is_number() && there->get<double>() >= setting.value.get<double>();
    case Keep::never: break;
  }
  return *there == setting.value;
}

Status bring_up_to_date(Edit& edit, const KeyPath& path, const Setting& setting) {
  const OrderedJson* const there = edit.at(path);
  if (is_up_to_date(there, setting)) return {};
  if (there == nullptr || setting.keep != Keep::members) return edit.put(path, setting.value);
  return add_members(edit, path, OrderedJson(*there), setting.value);
}

}  // namespace

bool starts_delegate(const OrderedJson& entry) {
  const auto server = server_in(entry);
  return server && std::filesystem::path(server->command).filename().string().starts_with("delegate");
}

std::vector<std::string> outdated(const Editor& editor, const OrderedJson& entry, const Server& server) {
  std::vector<std::string> keys;
  for (const Setting& setting : editor.entry(server))
    if (!is_up_to_date(setting_at(entry, place_in_entry(entry, setting.key)), setting)) keys.push_back(setting.key);
  return keys;
}

std::vector<std::string> arguments_for(const Server& registered, const Server& wanted) {
  constexpr const char* kWrite = "--allow-write";  // set by setup itself
  std::vector<std::string> words = registered.arguments;
  if (std::find(words.begin(), words.end(), "mcp") == words.end()) return wanted.arguments;
  words.erase(std::remove(words.begin(), words.end(), kWrite), words.end());
  if (std::find(wanted.arguments.begin(), wanted.arguments.end(), kWrite) != wanted.arguments.end())
    words.insert(std::find(words.begin(), words.end(), "mcp") + 1, kWrite);
  return words;
}

Result<Plan> plan_registration(const Editor& editor, std::string_view text, const Server& server) {
  TRY(OrderedJson settings, settings_of(editor, text));
  Edit edit(editor, text, std::move(settings));
  const KeyPath path = editor.path();
  const OrderedJson* const there = edit.at(path);
  const bool is_new = there == nullptr;
  const OrderedJson entry = entry_of(editor, server);
  if (is_new) {
    TRY_STATUS(check_servers(editor, edit.settings(), entry));
    if (const Status added = edit.put(path, entry); !added)
      return tl::unexpected(with_hint(added.error(), editor, edit.settings(), entry));
  } else {
    const auto registered = server_in(*there);
    if (!starts_delegate(*there) && !(registered && registered->command == server.command)) return name_taken(editor);
    Server wanted = server;
    if (registered) wanted.arguments = arguments_for(*registered, server);
    for (const Setting& setting : editor.entry(wanted)) {
      KeyPath place = path;
      for (std::string& key : place_in_entry(*edit.at(path), setting.key)) place.push_back(std::move(key));
      TRY_STATUS(bring_up_to_date(edit, place, setting));
    }
  }
  TRY(std::string after, edit.checked(cannot_edit(editor, text, entry)));
  const Step step = is_new ? Step::registered : after == text ? Step::unchanged : Step::updated;
  return Plan{step, std::move(after)};
}

Result<Plan> plan_removal(const Editor& editor, std::string_view text, const Remains& remains) {
  TRY(OrderedJson settings, settings_of(editor, text));
  Edit edit(editor, text, std::move(settings));
  const OrderedJson* const there = edit.at(editor.path());
  if (there == nullptr) return Plan{Step::absent, std::string(text)};
  if (!starts_delegate(*there)) return name_taken(editor);
  TRY_STATUS(edit.remove(editor.path(), remains));
  TRY(std::string after, edit.checked({Code::invalid_argument, "cannot be edited without changing other settings",
                                       "remove " + join(editor.path(), ".") + " by hand"}));
  return Plan{Step::removed, std::move(after)};
}

}  // namespace delegate::cli::setup
