#include "cli/commands/page.hpp"

#include "core/base/text.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

bool has_unicode(const World& world) {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const std::string value = world.variable(variable); !value.empty())
      return contains_ignoring_case(value, "utf-8") || contains_ignoring_case(value, "utf8");
  return false;
}

}  // namespace

Page page_of(const CommandContext& context) {
  const World& world = context.world;
  const auto size = terminal_size(world.out);
  return {.now = world.clock.now().wall,
          .columns = size ? size->columns : 0,
          .painted = context.output.is_painted(),
          .unicode = has_unicode(world),
          .is_terminal = size.has_value()};
}

}  // namespace delegate::cli
