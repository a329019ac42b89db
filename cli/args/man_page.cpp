#include "cli/args/man_page.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/text.hpp"
#include "core/config/load.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLineWidth = 76;  // of the source, which stays readable

/// One character, so that it is printed as it is; a dash in literal text can be pasted into a shell.
std::string escaped(char c, bool is_literal) {
  switch (c) {
    case '\\': return "\\e";
    case '-': return is_literal ? "\\-" : "-";
    case '~': return "\\(ti";
    case '^': return "\\(ha";
    case '\'': return "\\(aq";
    case '`': return "\\(ga";
    default: return {c};
  }
}

std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) out += escaped(c, true);
  return out;
}

/// Prose in which `literal` text is bold.
std::string marked_up(std::string_view text) {
  std::string out;
  bool is_literal = false;
  for (const char c : text) {
    if (c != '`') out += escaped(c, is_literal);
    else out += (is_literal = !is_literal) ? "\\fB" : "\\fP";
  }
  return out;
}

/// Options are bold, values are italic.
std::string tag_of(const OptionRow& option) {
  std::string tag;
  for (const std::string_view name : names_of(option))
    tag += (tag.empty() ? "\\fB" : ", \\fB") + literal(name) + "\\fP";
  if (!option.implied.empty()) tag += "[=\\fI" + literal(option.value) + "\\fP]";
  else if (!option.is_flag()) tag += (tag.empty() ? "\\fI" : " \\fI") + literal(option.value) + "\\fP";
  return option.is_positional() && option.repeats() ? tag + "..." : tag;
}

std::string sentence(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out.empty() || out.ends_with('.') ? out : out + ".";
}

/// Does the help text already name all choices, if there are any?
bool mentions_choices(const OptionRow& option) {
  if (option.choices == nullptr) return true;
  const auto choices = option.choices();
  return std::all_of(choices.begin(), choices.end(),
                     [&](std::string_view choice) { return contains_word(option.help, choice); });
}

void add_options(Roff& page, std::span<const OptionRow> options) {
  for (const OptionRow& option : options) {
    std::string text = sentence(option.help);
    if (!mentions_choices(option)) text += " One of `" + join_choices(option, "`, `") + "`.";
    if (!option.more.empty()) text += " " + std::string(option.more);
    page.item(tag_of(option), text);
  }
}

void add_commands(Roff& page, CommandTable table) {
  page.section("COMMANDS");
  for (const CommandRow* command : table) {
    if (command->is_hidden()) continue;
    page.subsection(usage_of(command));
    page.paragraphs(sentence(command->help));
    if (!command->more.empty()) page.paragraphs(command->more);
    add_options(page, command->options);
  }
}

void add_exit_statuses(Roff& page) {
  page.section("EXIT STATUS");
  for (const ExitRow& exit : exit_statuses()) page.item("\\fB" + literal(exit.code) + "\\fP", exit.meaning);
}

std::string until_trusted(UntrustedUse use) {
  switch (use) {
    case UntrustedUse::refused: return " [not allowed]";
    case UntrustedUse::ignored: return " [ignored]";
    case UntrustedUse::this_run: return " [failures do not open breakers]";
    case UntrustedUse::shorten: return " [a longer one is ignored; failures do not open breakers]";
    case UntrustedUse::reorder: return " [ignored if it names a backend that yours does not]";
    case UntrustedUse::turn_off: return " [may only be switched off]";
    case UntrustedUse::harmless:
    case UntrustedUse::undecided: break;
  }
  return {};
}

void add_keys(Roff& page) {
  page.section("CONFIGURATION");
  page.paragraphs(
      "The configuration is TOML; `breaker.cooldown` is the key `cooldown` of the table `[breaker]`. Durations are "
      "strings such as `\"250ms\"`, `\"60s\"` or `\"1h30m\"`; a bare number is seconds. Any key of `[breaker]` can "
      "also be set for one backend. Brackets say what a project file may do with a key until it is trusted; "
      "keys without brackets apply. `delegate config init` writes a commented file.");
  for (const KeyInfo& key : known_keys()) {
    std::string text = sentence(key.doc);
    if (!key.kinds.empty()) text += " Backends of kind " + join(key.kinds, ", ") + ".";
    text += until_trusted(key.untrusted);
    page.item("\\fB" + literal(key.name) + "\\fP (" + literal(key.type) + ")", text);
  }
}

void add_examples(Roff& page, CommandTable table) {
  page.section("EXAMPLES");
  for (const CommandRow* command : table)
    if (!command->examples.empty()) page.example(command->examples);
}

}  // namespace

void Roff::section(std::string_view title) {
  raw(".SH " + std::string(title));
  after_heading_ = true;
}

void Roff::subsection(std::string_view title) {
  raw(".SS " + literal(title));
  after_heading_ = true;
}

void Roff::begin_paragraph() {
  if (!after_heading_) raw(".PP");
  after_heading_ = false;
}

void Roff::paragraphs(std::string_view text) {
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find("\n\n");
    begin_paragraph();
    fill(marked_up(text.substr(0, end)));
    if (end != std::string_view::npos) text.remove_prefix(end + 2);
  }
}

void Roff::item(std::string_view tag, std::string_view text) {
  after_heading_ = false;
  raw(".TP");
  raw(tag);
  fill(marked_up(text));
}

void Roff::example(std::span<const std::string_view> lines) {
  begin_paragraph();
  raw(".EX");
  for (const std::string_view line : lines) raw(literal(line));
  raw(".EE");
}

void Roff::fill(std::string_view text) {
  std::string line;
  for (const std::string_view word : split(text, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > kLineWidth) {
      raw(line);
      line.clear();
    }
    if (line.empty()) line = (word.starts_with('.') ? "\\&" : "") + std::string(word);
    else line += " " + std::string(word);
    if (!word.ends_with('.') || word.ends_with("...")) continue;
    raw(line);  // a line ends with its sentence: roff would widen the space after it otherwise
    line.clear();
  }
  if (!line.empty()) raw(line);
}

std::string man_page(CommandTable table) {
  Roff page;
  add_opening(page);
  add_commands(page, table);
  page.section("GLOBAL OPTIONS");
  add_options(page, global_options());
  add_prompt_rules(page);
  add_exit_statuses(page);
  add_environment(page);
  add_files(page);
  add_keys(page);
  add_examples(page, table);
  add_closing(page);
  return page.text();
}

}  // namespace delegate::cli
